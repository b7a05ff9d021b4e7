"""``forget``: asks first, erases, prints the receipt."""

from __future__ import annotations

import shlex
import sys

import click

from ...domain.erasure import ErasureReceipt
from ..manager import open_memory
from ..settings import Settings
from .options import json_option, memory_options, same_memory, tenant_option
from .output import print_json, print_table, say, shown
from .running import failed, nothing_found, program, run


@click.command(short_help="Erase a user, or single conversations.")
@click.argument("user_id", metavar="USER")
@click.option("--conversation", "conversation_id", metavar="ID", help="Only this conversation.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@tenant_option
@memory_options()
@json_option
def forget(
    *, user_id: str, conversation_id: str | None, yes: bool, tenant_id: str, settings: Settings, as_json: bool
) -> None:
    """Erase everything of USER from every tier and from the file, and print the receipt.

    It cannot be undone. The receipt counts what went from each tier, read again afterwards. Exit code 1: some tier
    could not be emptied yet; run it again. Exit code 3: there was nothing.

    Example: talktiers forget mira
    """
    if not yes:
        _ask(user_id, conversation_id)
    receipt = run(_forget(settings, tenant_id=tenant_id, user_id=user_id, conversation_id=conversation_id))
    if as_json:
        print_json(receipt.to_json())
    else:
        _print_receipt(receipt)
    if not receipt.complete:
        say("not complete yet: close what else has the database open, then run the same command again")
        failed()
    if not receipt.removed:
        nothing_found(f"nothing was stored of {shown(user_id)} by that name: check the id, and --tenant")


def _ask(user_id: str, conversation_id: str | None) -> None:
    what = f"everything of {user_id}" if conversation_id is None else f"one conversation of {user_id}"
    say(f"This erases {shown(what)} for good. There is no way back.")
    say(f"A copy can be kept: {program()} export {shown(shlex.quote(user_id))} --output FILE{same_memory()}")
    click.echo(f"Type yes or {shown(user_id)} to go on: ", nl=False, err=True)
    answer = sys.stdin.readline().strip()
    if answer != user_id and answer.lower() != "yes":
        say("nothing was erased" if answer else "\nnothing was erased")
        failed()


async def _forget(settings: Settings, *, tenant_id: str, user_id: str, conversation_id: str | None) -> ErasureReceipt:
    async with open_memory(settings) as memory:
        if conversation_id is None:
            return await memory.forget_user(user_id, tenant_id=tenant_id)
        return await memory.forget_conversation(user_id, conversation_id, tenant_id=tenant_id)


def _print_receipt(receipt: ErasureReceipt) -> None:
    rows = [[tier.tier, str(tier.removed), str(tier.remaining), tier.error or "ok"] for tier in receipt.tiers]
    print_table(rows, header=["tier", "removed", "remaining", "state"])
    say(
        f"{'complete' if receipt.complete else 'INCOMPLETE'}: {receipt.removed:,} conversations of "
        f"{shown(receipt.user_id)} erased; bytes in the file {'overwritten' if receipt.bytes_purged else 'NOT yet overwritten'}"
    )
    for tier in receipt.tiers:
        if tier.leaves:
            say(f"left by the server of {tier.tier}: {tier.leaves}")
