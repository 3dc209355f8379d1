"""Triage."""

import io
import json
import zipfile

from core.capture.provenance import RequestFacts
from core.images import encode_png
from core.records.analysts import LOCAL
from core.records.verdicts import GivenVerdict, Verdict
from core.services import Services
from tests.support.images import blocks, image_files


def test_only_what_was_decided_is_exported(signwatch: Services) -> None:
    answer = signwatch.inference.invoke(image_files(0, 1), RequestFacts())
    first = answer.capture_ids[0] or ""
    right = (answer.predictions[0].class_id + 1) % 43
    decided = signwatch.log.capture(first).capture
    signwatch.triage.decide([decided], GivenVerdict(Verdict.MODEL_WRONG, right), by=LOCAL)
    with zipfile.ZipFile(io.BytesIO(signwatch.triage.export())) as archive:
        image = f"{right:02d}/00000_00000.png"
        assert archive.namelist()[0] == image
        assert archive.read(image) == encode_png(blocks(0))
        (line,) = archive.read("manifest.jsonl").splitlines()
        assert json.loads(line)["decision"]["verdict"] == "model wrong"
