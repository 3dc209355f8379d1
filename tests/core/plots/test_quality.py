"""The confusion matrix as a figure."""

import numpy as np

from core.plots.quality import confusion_heat_map


def test_mistakes_are_red_and_the_worst_of_them_full() -> None:
    (heat,) = confusion_heat_map(np.array([[3, 1, 0], [0, 5, 0], [2, 0, 2]]), (1, 2, 14)).data
    # Shares of the true class: right ones below 0, mistakes relative to the worst, a half.
    assert np.asarray(heat.z).tolist() == [[-0.75, 0.5, 0], [0, -1, 0], [1, 0, -0.5]]
    assert [list(row) for row in heat.text] == [["3", "1", ""], ["", "5", ""], ["2", "", "2"]]
    assert heat.customdata[2][0] == (
        "14 Stop<br>predicted 1 Speed limit 30 km/h<br>2 predictions, 50.0% of the true class"
    )


def test_classes_that_are_never_true_have_an_empty_row() -> None:
    (heat,) = confusion_heat_map(np.array([[0, 0], [1, 0]]), (1, 2)).data
    assert np.asarray(heat.z).tolist() == [[0, 0], [1, 0]]


def test_without_a_mistake_nothing_is_red() -> None:
    (heat,) = confusion_heat_map(np.diag([3, 4]), (1, 2)).data
    assert np.asarray(heat.z).tolist() == [[-1, 0], [0, -1]]


def test_many_classes_stand_by_their_ids() -> None:
    few = confusion_heat_map(np.eye(2, dtype=int), (1, 99))
    assert list(few.layout.yaxis.ticktext) == ["1 Speed limit 30 km/h", "99 (no sign of ours)"]
    many = confusion_heat_map(np.eye(43, dtype=int), range(43))
    assert list(many.layout.xaxis.ticktext) == [str(k) for k in range(43)]
    (heat,) = many.data
    assert heat.texttemplate is None
    assert many.layout.height > few.layout.height
