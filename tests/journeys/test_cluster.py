"""The same product as many processes: two schedulers and two senders on one database, some of which die."""

from datetime import timedelta

from tests.journeys.program import Program, eventually
from tests.journeys.town import MONDAY, Town, prepare_issue, set_up


def test_schedulers_that_were_down_catch_up_and_nobody_is_told_twice(program: Program) -> None:
    town = Town(program, program.start("api"))
    set_up(program, town)
    prepare_issue(town)
    schedulers = [program.start_process("scheduler") for _ in range(2)]
    for _ in range(2):
        program.start("sender")
    for process in schedulers:
        process.kill()
        process.wait()
        program.processes.remove(process)
    program.set_clock(MONDAY + timedelta(hours=3))
    assert town.messages() == []
    for _ in range(2):
        program.start("scheduler")
    eventually(lambda: len(town.messages()) == 400)
    messages = town.messages()
    assert len({each["member_id"] for each in messages}) == 400
    assert {(each["kind"], each["times"]) for each in messages} == {("weekly_issue", 1)}
    program.stop()
