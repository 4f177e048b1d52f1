"""Steps of gradient descent through dense layers, in place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from channels.arrays import FloatArray, IntArray
from fl_models.data.mini_batches import MiniBatches
from fl_models.models.dropout import dropout_masks
from fl_models.models.local_step import LocalStep
from fl_models.models.products import add_product, multiply
from fl_models.models.workspace import Workspace

BLOCK_SAMPLES = 50
"""Samples that a first layer with as many outputs or more takes in at once, those of several steps if a batch has fewer."""

_WORKSPACE = Workspace()


def descend(
    flat: FloatArray,
    layers: Sequence[FloatArray],
    batches: MiniBatches,
    step: LocalStep,
    *,
    dropout: float = 0.0,
    rngs: Sequence[np.random.Generator] = (),
) -> FloatArray:
    """H steps x ← x - γ(∇F_i(x; batch) + shift_i + decay·x) on the mean cross-entropy, in place; returns each mean loss (g,).

    A step is W ← W + inputsᵀ errors for each layer, with -γ in the errors, which are small: W is read and written once, where
    scaling a gradient and subtracting it takes passes of their own.

    Args:
        flat: (g, d) parameters of g clients.
        layers: views of them (g, inputs + 1, outputs), weights and in the last row the biases; rectifiers are in between.
        batches: of the g clients, for H steps.
        step: γ, decay and shift.
        dropout: chance that a hidden neuron is absent from a step.
        rngs: a generator for each client, for dropout.
    """
    (clients, steps, batch), dtype = batches.samples.shape, flat.dtype
    weights, biases = [layer[:, :-1] for layer in layers], [layer[:, -1:] for layer in layers]
    hidden_sizes, classes = [layer.shape[-1] for layer in layers[:-1]], layers[-1].shape[-1]
    plain = step.shift is None and step.decay == 0.0
    first = _FirstLayer(weights[0], batches, block=block_steps(batch, outputs=weights[0].shape[-1]) if plain else 1)

    def empty(name: str, *shape: int, kind: type = dtype.type) -> FloatArray:
        return _WORKSPACE.empty(name, (clients, *shape), kind)

    opened = [empty(f"opened {depth}", batch, size, kind=bool) for depth, size in enumerate(hidden_sizes)]
    # Where the classes are not last, what goes over them is fast.
    scores, chances = empty("scores", steps, classes, batch), empty("chances", classes, batch)
    scale, keep = dtype.type(-step.step_size / batch), dtype.type(1.0 - step.step_size * step.decay)
    targets = empty("targets", steps, classes, batch)
    np.equal(batches.labels[:, :, None, :], np.arange(classes)[:, None], out=targets)
    targets *= scale
    ones = np.ones((1, batch), dtype=dtype)
    drag = None if step.shift is None else dtype.type(step.step_size) * step.shift

    for index in range(steps):
        out = first.forward(index)
        out += biases[0]
        inputs: list[FloatArray] = []
        for depth, (weight, bias) in enumerate(zip(weights[1:], biases[1:], strict=True)):
            np.maximum(out, 0.0, out=out)
            if dropout:
                out *= dropout_masks(out.shape, dropout, dtype=dtype, rngs=rngs)
            np.greater(out, 0.0, out=opened[depth])  # not where the rectifier is shut or the neuron dropped
            inputs.append(out)
            out = multiply(out, weight, out=empty(f"outputs {depth}", batch, weight.shape[-1]))
            out += bias

        # Errors of the scores, with -γ/b in them, and then of what led to them.
        scores[:, index] = out.swapaxes(-1, -2)
        np.subtract(scores[:, index], scores[:, index].max(axis=1, keepdims=True), out=chances)
        np.exp(chances, out=chances)
        chances *= scale / chances.sum(axis=1, keepdims=True)
        chances -= targets[:, index]
        errors = [chances.swapaxes(-1, -2)]
        for depth in range(len(inputs) - 1, -1, -1):
            turned = weights[depth + 1].swapaxes(-1, -2)
            error = multiply(errors[0], turned, out=empty(f"errors {depth}", batch, hidden_sizes[depth]))
            error *= opened[depth]
            if dropout:
                error *= dtype.type(1.0 / (1.0 - dropout))
            errors.insert(0, error)

        # The parameters are no longer needed as they were.
        if step.decay:
            flat *= keep
        for bias, error in zip(biases, errors, strict=True):
            bias += np.matmul(ones, error)
        for weight, below, error in zip(weights[1:], inputs, errors[1:], strict=True):
            add_product(weight, below.swapaxes(-1, -2), error)
        first.backward(index, errors[0])
        if drag is not None:
            flat -= drag
    return _mean_cross_entropy(scores, batches.labels)


def block_steps(batch: int, *, outputs: int) -> int:
    """Steps of which a first layer takes the inputs in at once: small products are slow, and large weights slow to be read.

    Each step has at most BLOCK_SAMPLES·b·p multiplications more for it, and b·p·outputs anyway.

    >>> block_steps(10, outputs=300), block_steps(50, outputs=300), block_steps(10, outputs=10)
    (5, 1, 1)
    """
    return max(1, BLOCK_SAMPLES // batch) if outputs >= BLOCK_SAMPLES else 1


class _FirstLayer:
    """The first layer of g clients without its bias, its weight W moved after every block of steps.

    With X_t (b, p) the inputs of a step of the block and D_t (b, outputs) its errors, -γ included,

        X_t W_t = X_t W + Σ_{s<t} (X_t X_sᵀ) D_s,   W ← W + Σ_t X_tᵀ D_t,

    where X W and the sum that moves W are products over the whole block. In exact arithmetic that is the same as moving W at
    each step, and W, which may be too large for the cache, is read and written less often.
    """

    def __init__(self, weight: FloatArray, batches: MiniBatches, *, block: int) -> None:
        self.weight, self.batches, self.block = weight, batches, min(block, batches.num_steps)

    def forward(self, step: int) -> FloatArray:
        """(g, b, outputs), to be written over."""
        batch = self.batches.samples.shape[-1]
        start = step % self.block * batch
        end = start + batch
        if start == 0:
            self._take_in(self.batches.steps(slice(step, step + self.block)))
            return self.outputs[:, :end]
        out = self.outputs[:, start:end]
        gram = np.matmul(self.inputs[:, start:end], self.inputs[:, :start].swapaxes(-1, -2))
        out += np.matmul(gram, self.errors[:, :start])
        return out

    def _take_in(self, batches: MiniBatches) -> None:
        """Inputs (g, samples, p) of a block, X W, and room for the errors (g, samples, outputs)."""
        clients, samples = len(self.weight), batches.samples[0].size
        dtype = self.weight.dtype
        fetched = _WORKSPACE.empty("inputs", (clients, samples, self.weight.shape[1]), batches.data.x.dtype)
        self.inputs = batches.fetch(out=fetched).astype(dtype, copy=False)
        shape = (clients, samples, self.weight.shape[-1])
        self.errors = _WORKSPACE.empty("first errors", shape, dtype)
        self.outputs = multiply(self.inputs, self.weight, out=_WORKSPACE.empty("first outputs", shape, dtype))

    def backward(self, step: int, error: FloatArray) -> None:
        """Takes in the errors (g, b, outputs) of a step."""
        start = step % self.block * error.shape[1]
        end = start + error.shape[1]
        self.errors[:, start:end] = error
        if end == self.errors.shape[1]:
            add_product(self.weight, self.inputs.swapaxes(-1, -2), self.errors)


def _mean_cross_entropy(scores: FloatArray, labels: IntArray) -> FloatArray:
    """(g,) mean of -log softmax(scores)[label] over the steps and samples of scores (g, H, classes, b) and labels (g, H, b)."""
    largest = scores.max(axis=-2)
    total = np.log(np.exp(scores - largest[:, :, None]).sum(axis=-2)) + largest
    picked = np.take_along_axis(scores, labels[:, :, None], axis=-2)[:, :, 0]
    return np.asarray(np.mean(total - picked, axis=(1, 2)), dtype=float)
