"""SageMaker's capture files, both ways.

In: tree (a folder -> segments), reading (segments -> rows, over documents, lines, inputs, outputs),
importer (rows -> log), ground_truth (labels that are sent). Out: exporter (log -> frames), records
(captures -> lines), writing (frames -> a folder). Between: paths, segments; remote: the log of a
running dashboard.
"""
