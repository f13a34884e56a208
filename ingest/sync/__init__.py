"""Making a collection agree with files: what is read ahead, decided, encoded, written and told."""
