"""Steps of gradient descent through dense layers that never write a weight's gradient down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.linalg import get_blas_funcs

from channels.arrays import FloatArray, IntArray

CACHED_BYTES = 2**19
"""A first layer up to this size is moved at every step: it stays in the cache, and the Gram matrix saves nothing."""

BLOCK_SAMPLES = 8.0
"""How many samples a block of steps has beyond that, in units of the square root in `block_steps`; as measured."""


class DenseLayers(NamedTuple):
    """Parameters of g clients that are moved in place, and views of them.

    Attributes:
        flat: (g, d) all of them.
        weights: (g, out, in) of each hidden layer.
        biases: (g, out) of each.
        readout: (g, in, classes).
        offset: (g, classes).
    """

    flat: FloatArray
    weights: Sequence[FloatArray]
    biases: Sequence[FloatArray]
    readout: FloatArray
    offset: FloatArray


def descend(
    layers: DenseLayers,
    x: FloatArray,
    labels: IntArray,
    *,
    step_size: float,
    decay: float = 0.0,
    shift: FloatArray | None = None,
) -> FloatArray:
    """H steps x ← x - γ(∇F_i(x; batch) + shift_i + decay·x) on the mean cross-entropy, in place; returns each mean loss (g,).

    Each step is W ← W - γ errorsᵀ inputs, one call of the library that adds a product to W where it lies: it reads and writes
    W once, where computing the gradient, scaling and subtracting it takes four passes more. The first layer, the largest, is
    moved only once in a block of steps: with X_t the inputs of a step, D_t its back-propagated errors, W the weight before it

        X_t W_tᵀ = X_t Wᵀ - γ Σ_{s<t} (X_t X_sᵀ) D_s,   W ← W - γ Σ_t D_tᵀ X_t,

    in which X Wᵀ and X Xᵀ are products over the whole block. In exact arithmetic that is the same, and W is read less often.

    Args:
        layers: the clients' parameters.
        x: (g, H, b, p) inputs of each step.
        labels: (g, H, b).
        step_size: γ.
        decay: a pull towards 0.
        shift: (g, d) added to every gradient.
    """
    clients, steps, batch, _ = x.shape
    dtype = layers.readout.dtype
    classes = layers.readout.shape[-1]
    # Arrays of a step have the samples last, (g, neurons, b): products of W with them are fast, and sums over classes too.
    onehot = (labels[:, :, None, :] == np.arange(classes)[:, None]).astype(dtype)
    logits = np.empty((clients, steps, classes, batch), dtype=dtype)
    plain = shift is None and decay == 0.0
    first = _FirstLayer(layers.weights[0], x, block=block_steps(layers.weights[0], x) if plain else 1)
    keep = 1.0 - step_size * decay
    scale = dtype.type(-step_size / (batch * keep))
    drag = None if shift is None else dtype.type(step_size) * shift
    for step in range(steps):
        # Forward.
        activations: list[FloatArray] = []
        for depth, (weight, bias) in enumerate(zip(layers.weights, layers.biases, strict=True)):
            out = np.matmul(weight, activations[-1]) if depth else first.forward(step)
            out += bias[:, :, None]
            np.maximum(out, 0.0, out=out)
            activations.append(out)
        scores = np.matmul(layers.readout.swapaxes(-1, -2), activations[-1], out=logits[:, step])
        scores += layers.offset[:, :, None]
        # Backward, with -γ in the errors.
        error = np.exp(scores - scores.max(axis=-2, keepdims=True))
        error /= error.sum(axis=-2, keepdims=True)
        error -= onehot[:, step]
        error *= scale
        upstream = np.matmul(layers.readout, error)
        layers.readout[...] += np.matmul(activations[-1], error.swapaxes(-1, -2))
        layers.offset[...] += error.sum(axis=-1)
        for depth in range(len(activations) - 1, -1, -1):
            upstream *= activations[depth] > 0.0
            layers.biases[depth][...] += upstream.sum(axis=-1)
            if depth:
                below = np.matmul(layers.weights[depth].swapaxes(-1, -2), upstream)
                add_products(layers.weights[depth], upstream, activations[depth - 1].swapaxes(-1, -2))
                upstream = below
            else:
                first.backward(step, upstream)
        # Last, since the step above has needed the parameters as they were; it has been scaled for it.
        if decay:
            layers.flat[...] *= dtype.type(keep)
        if drag is not None:
            layers.flat[...] -= drag
    return _mean_cross_entropy(logits, onehot)


def block_steps(weight: FloatArray, x: FloatArray) -> int:
    """Steps of a block, for a first layer (g, out, p) and inputs (g, H, b, p).

    Each step takes 4b·p·out operations whatever the block; a block of s adds up to s·b²(p + out) to each for the products of
    inputs with earlier ones, and saves them what reading and writing W takes, in proportion to p·out/s: the best s is in
    proportion to √(p·out/(p + out))/b.
    """
    outputs, inputs = weight.shape[1:]
    if weight[0].nbytes <= CACHED_BYTES:
        return 1
    best = BLOCK_SAMPLES / x.shape[2] * np.sqrt(inputs * outputs / (inputs + outputs))
    return int(np.clip(np.rint(best), 1, x.shape[1]))


def add_products(weight: FloatArray, errors: FloatArray, inputs: FloatArray) -> None:
    """W_i ← W_i + errors_i inputs_i for each client, in place.

    Args:
        weight: (g, out, in), each client's contiguous.
        errors: (g, out, b).
        inputs: (g, b, in).
    """
    (gemm,) = get_blas_funcs(("gemm",), (weight,))
    for own, error, into in zip(weight, errors, inputs, strict=True):
        # In Fortran's order, as the library has it, Wᵀ ← inputsᵀ errorsᵀ + Wᵀ, without a copy of anything.
        (a, a_turned), (b, b_turned) = _operand(into.T), _operand(error.T)
        gemm(1.0, a, b, 1.0, own.T, a_turned, b_turned, 1)


def _operand(matrix: FloatArray) -> tuple[FloatArray, bool]:
    """The matrix in Fortran's order, or its transpose and True."""
    return (matrix, False) if matrix.flags.f_contiguous else (matrix.T, True)


class _FirstLayer:
    """The first layer of g clients, its weight moved after every block of steps; arrays (g, out, samples) inside."""

    def __init__(self, weight: FloatArray, x: FloatArray, *, block: int) -> None:
        self.weight, self.x, self.block = weight, x, block

    def forward(self, step: int) -> FloatArray:
        """(g, out, b), to be written over."""
        place, batch = step % self.block, self.x.shape[2]
        if place == 0:
            clients, _, _, inputs = self.x.shape
            self.samples = self.x[:, step : step + self.block].reshape(clients, -1, inputs)
            self.outputs = np.matmul(self.weight, self.samples.swapaxes(-1, -2))
            if self.block == 1:
                return self.outputs
            self.errors = np.empty_like(self.outputs)
        start, end = place * batch, (place + 1) * batch
        out = self.outputs[..., start:end].copy()
        if place:
            gram = np.matmul(self.samples[:, :start], self.samples[:, start:end].swapaxes(-1, -2))
            out += np.matmul(self.errors[..., :start], gram)
        return out

    def backward(self, step: int, errors: FloatArray) -> None:
        """Takes in the errors (g, out, b) of a step, -γ included."""
        if self.block == 1:
            add_products(self.weight, errors, self.samples)
            return
        place, batch = step % self.block, self.x.shape[2]
        self.errors[..., place * batch : (place + 1) * batch] = errors
        if (place + 1) * batch == self.errors.shape[-1]:
            add_products(self.weight, self.errors, self.samples)


def _mean_cross_entropy(logits: FloatArray, onehot: FloatArray) -> FloatArray:
    """(g,) mean over steps and samples of -log softmax(logits)[label], classes in the last axis but one."""
    shifted = logits - logits.max(axis=-2, keepdims=True)
    total = np.log(np.exp(shifted).sum(axis=-2))
    return np.asarray(np.mean(total - np.sum(shifted * onehot, axis=-2), axis=(1, 2)), dtype=float)
