"""What transceivers know of the channel that their signals will see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np

from channels.arrays import ComplexArray, FloatArray, check_member, checked
from channels.knowledge.pilot_estimate import least_squares_estimate, mmse_estimate
from channels.knowledge.synchronisation import phase_rotation, timing_rotation
from channels.small_scale.doppler import age
from channels.units import db_to_linear


class Estimator(Enum):
    """How a channel is estimated from pilots."""

    LEAST_SQUARES = "least_squares"
    MMSE = "mmse"


@dataclass(frozen=True, kw_only=True)
class ChannelKnowledge:
    """A channel that was estimated from noisy pilots, some time ago, by radios that are not quite synchronous.

    Transceivers plan with the estimate; the air does what the true channel does.

    Attributes:
        pilot_snr_db: energy of a client's pilots received at |h| = 1 over the noise density, the same for all clients; None
            for no noise.
        estimator: what is made of the pilots, at each antenna and subcarrier by itself.
        delay_s: age of the estimate when it is used.
        doppler_hz: largest Doppler shift, by which the channel ages (Jakes).
        phase_deviation_rad: standard deviation of the phase offset of each client.
        timing_deviation_s: standard deviation of the timing offset of each client, within the cyclic prefix.

    >>> fading = np.ones((1, 2, 1, 1), dtype=complex)
    >>> known = ChannelKnowledge().estimate(fading, frequency_hz=np.zeros(1), rng=np.random.default_rng(0))
    >>> bool((known == fading).all())
    True
    """

    pilot_snr_db: float | None = None
    estimator: Estimator = Estimator.MMSE
    delay_s: float = 0.0
    doppler_hz: float = 0.0
    phase_deviation_rad: float = 0.0
    timing_deviation_s: float = 0.0

    def __post_init__(self) -> None:
        check_member("estimator", self.estimator, Estimator)
        if self.pilot_snr_db is not None:
            checked("pilot_snr_db", self.pilot_snr_db, low=-100.0, high=200.0)
        for name in ("delay_s", "doppler_hz", "phase_deviation_rad", "timing_deviation_s"):
            checked(name, getattr(self, name), low=0.0)

    @property
    def is_perfect(self) -> bool:
        return self == ChannelKnowledge(estimator=self.estimator)

    def estimate(
        self,
        response: ComplexArray,
        *,
        frequency_hz: FloatArray,
        redraw: Callable[[], ComplexArray] | None = None,
        rng: np.random.Generator,
    ) -> ComplexArray:
        """(..., K, A, S) what is known of a response (..., K, A, S) with E|h|² = 1.

        Args:
            response: the truth.
            frequency_hz: (S,) frequencies, counted from the carrier.
            redraw: another draw of the same fading, for what has changed since; needed if knowledge is aged.
            rng: source of noise and offsets.
        """
        if response.ndim < 3 or response.shape[-1] != len(frequency_hz):
            raise ValueError(
                f"response: got shape {response.shape}; needed is (..., clients, antennas, {len(frequency_hz)} subcarriers), "
                "the last as in frequency_hz"
            )
        if self.timing_deviation_s > 0.0 and len(frequency_hz) < 2:
            raise ValueError(
                f"timing_deviation_s: got {self.timing_deviation_s:g} with a single subcarrier; a timing offset turns "
                "subcarriers against each other, so draw the channel on several"
            )
        known = response
        if self.delay_s > 0.0 and self.doppler_hz > 0.0:
            if redraw is None:
                raise ValueError("redraw: got None; needed is a function that draws the fading anew, since knowledge is aged")
            known = age(known, fresh=redraw(), delay_s=self.delay_s, doppler_hz=self.doppler_hz)
        if self.pilot_snr_db is not None:
            estimate = mmse_estimate if self.estimator is Estimator.MMSE else least_squares_estimate
            known = estimate(known, pilot_snr=float(db_to_linear(self.pilot_snr_db)), rng=rng)
        per_client = response.shape[:-2]  # all antennas of a station share a clock
        if self.phase_deviation_rad > 0.0:
            known = known * phase_rotation(per_client, deviation_rad=self.phase_deviation_rad, rng=rng)[..., None, None]
        if self.timing_deviation_s > 0.0:
            rotation = timing_rotation(per_client, deviation_s=self.timing_deviation_s, frequency_hz=frequency_hz, rng=rng)
            known = known * rotation[..., None, :]
        return known
