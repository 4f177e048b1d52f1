"""Cross-entropy of logits with labels."""

from __future__ import annotations

import numpy as np

from channels.arrays import FloatArray, IntArray


def cross_entropy(logits: FloatArray, labels: IntArray) -> tuple[FloatArray, FloatArray]:
    """Mean over the batch (...) of -log softmax(logits)[label], and its gradient in the logits (..., b, classes).

    >>> loss, gradient = cross_entropy(np.zeros((1, 2)), np.array([0]))
    >>> loss.round(4).tolist(), gradient.tolist()
    (0.6931, [[-0.5, 0.5]])
    """
    shifted = logits - logits.max(axis=-1, keepdims=True)
    gradient = np.exp(shifted)
    total = gradient.sum(axis=-1, keepdims=True)
    picked = labels[..., None]
    loss = np.mean(np.log(total) - np.take_along_axis(shifted, picked, axis=-1), axis=(-2, -1))
    gradient /= total
    np.put_along_axis(gradient, picked, np.take_along_axis(gradient, picked, axis=-1) - 1.0, axis=-1)
    gradient /= labels.shape[-1]
    return loss, gradient


def cross_entropies(logits: FloatArray, labels: IntArray) -> FloatArray:
    """(..., b) -log softmax(logits)[label] of each sample; the logits (..., b, classes), in double precision, are overwritten.

    >>> cross_entropies(np.zeros((1, 4)), np.array([2])).round(4).tolist()
    [1.3863]
    """
    picked = np.take_along_axis(logits, np.broadcast_to(labels, logits.shape[:-1])[..., None], axis=-1)[..., 0]
    largest = logits.max(axis=-1)
    logits -= largest[..., None]
    np.exp(logits, out=logits)
    terms = np.log(logits.sum(axis=-1))
    terms += largest
    terms -= picked
    return np.asarray(terms)
