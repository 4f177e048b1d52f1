"""The base of everything that can be written in a scenario file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator


class Spec(BaseModel):
    """A part of a scenario: unknown keys, infinities and later changes are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=True)

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Only what is not as by default: short, and enough to make the same again."""
        for name, value in super().__repr_args__():
            field = type(self).model_fields.get(name or "")
            if field is None or value != field.get_default(call_default_factory=True):
                yield name, value

    @model_validator(mode="before")
    @classmethod
    def _default_kinds(cls, data: Any) -> Any:
        """A table without a kind is of the kind that the default is; a kind alone is a table with nothing else in it."""
        if not isinstance(data, dict):
            return data
        filled = dict(data)
        for name, field in cls.model_fields.items():
            given = data.get(name)
            if field.discriminator and isinstance(given, str):
                filled[name] = {"kind": given}
            elif field.discriminator and isinstance(given, dict) and "kind" not in given and not field.is_required():
                filled[name] = {"kind": field.get_default(call_default_factory=True).kind, **given}
        return filled
