"""Files: models as safetensors, with nothing in them that names code."""
