"""`[learning.data]` in a scenario: what is learnt from."""

from __future__ import annotations

from airfed.specs.real_data_spec import CIFAR10Spec, DigitsSpec, FashionMNISTSpec, MNISTSpec, OpenMLSpec
from airfed.specs.synthetic_data_spec import GaussianClassesSpec, SyntheticFederatedSpec, SyntheticIIDSpec, SyntheticImagesSpec

DataSpec = (
    DigitsSpec
    | MNISTSpec
    | FashionMNISTSpec
    | CIFAR10Spec
    | OpenMLSpec
    | GaussianClassesSpec
    | SyntheticFederatedSpec
    | SyntheticIIDSpec
    | SyntheticImagesSpec
)
