"""LoCoMo files: conversations of two people over months, with questions whose evidence is labelled.

The unit is an exchange: two consecutive turns of a session, of which the first speaker stands for the user and the
other one for the bot. Format: Maharana et al., "Evaluating Very Long-Term Conversational Memory of LLM Agents", 2024.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs

from ...domain.errors import MigrationError
from ...domain.interchange import ConversationRecord, record_to_json
from ...domain.json_values import canonical_json
from ...domain.recall import LabelledQuestion
from ...ports.conversation_source import ConversationSource, Item, Rejection, SourcedRecord

CATEGORIES: Final = {1: "multi-hop", 2: "temporal", 3: "open-domain", 4: "single-hop", 5: "adversarial"}

_DATE: Final = "%I:%M %p on %d %B, %Y"
_EXCHANGE_TIME: Final = dt.timedelta(minutes=1)
"""Turns carry no time of their own: a minute an exchange keeps their order."""
_SESSION: Final = re.compile(r"session_(\d+)")
_TURN: Final = re.compile(r"D\d+:\d+")


@attrs.frozen(kw_only=True)
class LabelledConversation:
    """One file: exchanges in chronological order, each with its idempotency key, and the questions about them."""

    user_id: str
    records: tuple[ConversationRecord, ...]
    questions: tuple[LabelledQuestion, ...]


class LocomoFiles(ConversationSource):
    """Reads one file, or every ``*.json`` of a folder in alphabetical order."""

    def __init__(self, *, path: str) -> None:
        self.name = path
        self._path = Path(path)

    async def read(self) -> AsyncGenerator[Item, None]:
        files = locomo_files(self._path)
        for index, file in enumerate(files):
            try:
                conversation = await asyncio.to_thread(read_locomo, file)
            except MigrationError as error:
                progress = (index + 1) / len(files)
                yield Rejection(position=file.name, reason=str(error), raw=str(file), progress=progress)
                continue
            for number, record in enumerate(conversation.records, 1):
                yield SourcedRecord(
                    record=record,
                    position=f"{file.name} exchange {number}",
                    raw=canonical_json(record_to_json(record)),
                    progress=(index + number / len(conversation.records)) / len(files),
                )


def locomo_files(path: Path) -> list[Path]:
    """The files that a path means, in alphabetical order; at least one.

    Raises:
        MigrationError: there is none.
    """
    if path.is_file():
        return [path]
    files = sorted(path.glob("*.json")) if path.is_dir() else []
    if not files:
        missing = "has no *.json files in it" if path.is_dir() else "does not exist"
        raise MigrationError(f"{path} {missing}: name a file or folder in the LoCoMo format")
    return files


def read_locomo(path: Path) -> LabelledConversation:
    """One file's exchanges and those of its questions that have labelled evidence.

    Raises:
        MigrationError: the file cannot be read or is not of this format.
    """
    try:
        return _conversation(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise MigrationError(f"cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise MigrationError(f"not a LoCoMo file: {error}") from error
    except KeyError as error:
        raise MigrationError(f"not a LoCoMo file: it has no {error.args[0]}") from error
    except (TypeError, IndexError, AttributeError) as error:
        raise MigrationError("not a LoCoMo file: its parts are not nested as in one") from error


def _conversation(raw: Mapping[str, Any]) -> LabelledConversation:
    user_id = raw["sample_id"]
    sessions = raw["conversation"]
    records: list[ConversationRecord] = []
    key_of_turn: dict[str, str] = {}
    for number in sorted(int(match[1]) for key in sessions if (match := _SESSION.fullmatch(key))):
        started = dt.datetime.strptime(sessions[f"session_{number}_date_time"], _DATE).replace(tzinfo=dt.UTC)
        turns = sessions[f"session_{number}"]
        for first in range(0, len(turns), 2):
            pair = turns[first : first + 2]
            key = f"{user_id}:{len(records)}"
            records.append(
                _record(user_id, key, pair, session_id=f"S{number}", time=started + first // 2 * _EXCHANGE_TIME)
            )
            key_of_turn.update({turn["dia_id"]: key for turn in pair})
    questions = tuple(_question(item, key_of_turn) for item in raw.get("qa", ()))
    return LabelledConversation(
        user_id=user_id, records=tuple(records), questions=tuple(item for item in questions if item.evidence)
    )


def _record(
    user_id: str, key: str, pair: Sequence[Mapping[str, Any]], *, session_id: str, time: dt.datetime
) -> ConversationRecord:
    answered = len(pair) > 1
    return ConversationRecord(
        user_id=user_id,
        user_message=_text(pair[0]),
        bot_response=_text(pair[1]) if answered else "",
        user_name=pair[0]["speaker"],
        bot_name=pair[1]["speaker"] if answered else None,
        session_id=session_id,
        occurred_at=time,
        idempotency_key=key,
    )


def _text(turn: Mapping[str, Any]) -> str:
    caption = turn.get("blip_caption")
    return str(turn["text"]) + (f" [shares photo: {caption}]" if caption else "")


def _question(item: Mapping[str, Any], key_of_turn: Mapping[str, str]) -> LabelledQuestion:
    cited = {turn for entry in item.get("evidence", ()) for turn in _TURN.findall(str(entry))}
    answer = item.get("answer")
    return LabelledQuestion(
        text=item["question"],
        category=_category(item["category"]),
        answer=None if answer is None else str(answer),
        evidence=frozenset(key_of_turn[turn] for turn in cited if turn in key_of_turn),
    )


def _category(number: object) -> str:
    if not isinstance(number, int) or number not in CATEGORIES:
        raise ValueError(f"a question's category is not one of {', '.join(map(str, CATEGORIES))}")
    return CATEGORIES[number]
