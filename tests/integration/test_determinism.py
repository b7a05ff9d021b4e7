"""The same conversations give the same summaries, topics, rankings and contexts in every process."""

import importlib.resources
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CONVERSATION = str(importlib.resources.files("talktiers.entrypoints.demo") / "conversation.jsonl")
SCRIPT = """
import asyncio, json, sys
from talktiers import open_memory
from talktiers.adapters.sources.jsonl import JsonLines

QUESTIONS = ["Where does my sister live?", "what must I not cook for Tomas", "how is my cat?", "birtday present", "bread"]

async def main():
    found = {}
    async with open_memory(sys.argv[1]) as memory:
        await memory.import_conversations(JsonLines(path=sys.argv[2]))
        await memory.settle(timeout_s=60)
        for question in QUESTIONS:
            hits = await memory.search("mira", question, 20)
            bundle = await memory.get_conversation_context("mira", question, deadline_ms=60_000)
            found[question] = {
                "ranking": [[hit.conversation_id, hit.score] for hit in hits],
                "summaries": [summary.text for summary in bundle.semantic_summaries],
                "topics": bundle.related_topics,
                "context": bundle.to_context_string(),
            }
        found["interests"] = [[t.label, t.strength, t.conversation_ids] for t in await memory.interests("mira", 50)]
    print(json.dumps(found, sort_keys=True))

asyncio.run(main())
"""


@pytest.mark.parametrize("address", ["memory://", "sqlite:///{folder}/{seed}.db"])
def test_two_processes_with_different_hash_seeds_remember_alike(address: str, tmp_path: Path) -> None:
    def remembered(seed: str) -> str:
        run = subprocess.run(
            [sys.executable, "-c", SCRIPT, address.format(folder=tmp_path, seed=seed), CONVERSATION],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        return run.stdout

    first = remembered("1")
    assert json.loads(first)["Where does my sister live?"]["ranking"]
    assert first == remembered("4711")
