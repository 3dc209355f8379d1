"""Charts: records in, Plotly figures out."""
