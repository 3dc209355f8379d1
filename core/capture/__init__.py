"""The path from a prediction to the capture log.

provenance: where an image came from; writer: what is sampled, and group commit; images: the images
of captures, decoded; zip: chosen captures as a download; files: SageMaker's capture files.
"""
