"""What a vector is everywhere in the database: float32, of unit length, so that an inner product is a cosine."""

import numpy as np

__all__ = ["normalised"]


def normalised(vectors: np.ndarray) -> np.ndarray:
    """Vectors (n, d) as float32 of unit length; a vector of zeros stays as it is."""
    vectors = np.asarray(vectors, np.float32)
    norms = np.linalg.norm(vectors.astype(np.float64), axis=-1, keepdims=True)
    return (vectors / np.where(norms == 0, 1, norms)).astype(np.float32)
