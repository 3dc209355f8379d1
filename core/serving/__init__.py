"""The way of a request: `concurrency` admits it, `pipeline` answers it in batches (`batching`)."""
