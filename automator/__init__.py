"""The image-registry automator for GitOps."""
