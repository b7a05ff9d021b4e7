"""Projections: the tiers that are derived from the archive, and the jobs that keep them so."""

from __future__ import annotations

import datetime as dt
import enum

import attrs


class Projection(enum.StrEnum):
    """A tier derived from the archive."""

    CACHE = "cache"
    LEXICAL = "lexical"
    SUMMARIES = "summaries"
    GRAPH = "graph"


class JobKind(enum.StrEnum):
    """What an outbox row asks for."""

    PROJECT = "project"
    FORGET_USER = "forget_user"
    FORGET_CONVERSATION = "forget_conversation"


@attrs.frozen(kw_only=True)
class OutboxJob:
    """One row of the outbox, claimed by a worker.

    Attributes:
        conversation_id: ``None`` for a job that concerns the whole user.
        epoch: the user's epoch when the job was written.
        attempts: how often it was claimed, this time included.
    """

    job_id: int
    kind: JobKind
    projection: Projection
    tenant_id: str
    user_id: str
    conversation_id: str | None
    epoch: int
    attempts: int


@attrs.frozen(kw_only=True)
class DeadLetter:
    """A job that was given up, with the kind of error that ended it and never a user's text."""

    job: OutboxJob
    error: str
    buried_at: dt.datetime


@attrs.frozen(kw_only=True)
class Backlog:
    """How far one projection is behind the archive.

    Attributes:
        waiting: jobs not yet done, claimed ones included.
        oldest_age_s: age of the oldest of them; 0 when none waits.
    """

    projection: Projection
    waiting: int
    oldest_age_s: float
    dead_letters: int
