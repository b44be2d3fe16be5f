"""Chooses among the hypotheses of a beam with the district's language model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from intake_media.domain.language_model import CharacterModel
from intake_media.domain.reading import Hypothesis
from intake_media.domain.recombination import combined


@dataclass(frozen=True)
class Weights:
    """How much the model counts beside the engine; measured on Mandarin notes, flat around these values."""

    model: float = 0.3
    per_character: float = 4.0
    """Makes up for the model's dislike of every further character, in nats."""
    clear_gain: float = 1.0
    """The engine's favourite stands unless another is better by this many nats…"""
    strange_gain: float = 2.0
    """…and by this many where the favourite's subject is strange to the model, whose word counts less there."""
    strange_surprise: float = 6.5
    """Nats per character from which a subject is strange (notes like those it was counted on: 4–6)."""
    most_left_out: int = 2
    """Characters: words are chosen, but no clause that the engine heard is dropped because it reads oddly."""


@dataclass(frozen=True)
class Choice:
    """The chosen hypothesis, its place (beyond the beam: combined), and the model's surprise in nats per character."""

    hypothesis: Hypothesis
    rank: int
    surprise: float | None


def choose(hypotheses: Sequence[Hypothesis], model: CharacterModel | None, weights: Weights = Weights()) -> Choice:
    """The hypothesis with the highest joint score; without a model the engine's favourite. Needs at least one."""
    if model is None:
        return Choice(hypotheses[0], 0, None)
    hypotheses = [*hypotheses, *combined(hypotheses)]
    read = model.log_probability([hypothesis.text for hypothesis in hypotheses])
    joint = [
        hypothesis.score * hypothesis.tokens + weights.model * (log_probability + weights.per_character * characters)
        for hypothesis, (log_probability, characters) in zip(hypotheses, read, strict=True)
    ]
    favourite, length = read[0]
    whole = [at for at, (_, characters) in enumerate(read) if characters >= length - weights.most_left_out]
    best = max(whole, key=joint.__getitem__)
    strange = length > 0 and -favourite / length > weights.strange_surprise
    if joint[best] - joint[0] < (weights.strange_gain if strange else weights.clear_gain):
        best = 0
    log_probability, characters = read[best]
    return Choice(hypotheses[best], best, -log_probability / characters if characters else None)
