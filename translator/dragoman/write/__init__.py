"""Write: manifests become bytes."""
