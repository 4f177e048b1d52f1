"""An algorithm of one's own is an object with a schedule and a method `round`; here cells take turns."""

from dataclasses import dataclass

import numpy as np

from fl_models import Ideal, NetworkClock, Schedule, Streams, Training
from latency_opt import OFDMA, EqualBandwidth


@dataclass(frozen=True, kw_only=True)
class TurnByTurn:
    """One cell trains in each global round, and the cloud remembers what every cell brought about."""

    schedule: Schedule

    def memory(self, task):
        return {"moves": np.zeros((task.num_cells, task.model.num_parameters), dtype=np.float32)}

    def round(self, state, work):
        turn = state.round_index % len(work.cells)
        model, losses = work.cells[turn].edge_rounds(state.parameters)
        moves = state.memory["moves"].copy()
        moves[turn] = model - state.parameters
        return state.after(model, train_loss=np.nanmean(losses), moves=moves)


def test_it_trains_over_a_network(make_network, make_task):
    network = make_network(3, 4)
    training = Training(
        algorithm=TurnByTurn(schedule=Schedule(edge_rounds=3, local_steps=2, batch_size=4, step_size=0.1)),
        task=make_task(network),
        network=network,
        aggregator=Ideal(),
        clock=NetworkClock(access=OFDMA(policy=EqualBandwidth())),
        streams=Streams(seed=0),
    )
    records = list(training.rounds(9))
    assert records[-1].test_loss < records[0].test_loss
    assert records[-1].time_s > records[1].time_s > 0.0
    state, record = training.start()
    for turn in range(3):
        state, record = training.round(state, record)
        np.testing.assert_array_equal(state.memory["moves"].any(axis=1), np.arange(3) <= turn)
