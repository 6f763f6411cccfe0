"""What every store does with calls, engines, agents and news, in memory as on a real server."""

import asyncio
from dataclasses import replace

import pytest

from engine.core.account import AccountView, Hold
from engine.errors import ConflictError
from engine.ports.store import AgentState, BalanceNews, PauseReason, Store
from tests.ports.stores import METER, Bench, Listener, posting, snapshot, view, wish


class TestOwnership:
    async def test_an_older_epoch_is_refused(self, store: Store) -> None:
        await store.seed_account("a", "EUR", 1_000_000, 1)
        await store.reserve(wish("c", 1, 10, epoch=3))
        with pytest.raises(ConflictError):
            await store.reserve(wish("c", 2, 20, 10, epoch=2))
        assert (await view(store)).held_micros == 100_000

    async def test_a_newer_epoch_counts_its_steps_afresh(self, store: Store) -> None:
        await store.seed_account("a", "EUR", 1_000_000, 1)
        await store.reserve(wish("c", 9, 10, epoch=1))
        assert (await store.reserve(wish("c", 1, 20, 10, epoch=2))).granted_n == 20

    async def test_a_charged_call_holds_nothing_any_more(self, store: Store) -> None:
        await store.seed_account("a", "EUR", 1_000_000, 1)
        await store.reserve(wish("c", 1, 10))
        await store.apply(posting(2, -100_000, "c"))
        with pytest.raises(ConflictError):
            await store.reserve(wish("c", 2, 20, 10))
        with pytest.raises(ConflictError):
            await store.restore_hold("a", "c", 1, METER, 5)
        assert (await view(store)).holds == ()

    async def test_saving_as_an_older_epoch_or_another_engine_is_refused(
        self, store: Store
    ) -> None:
        await store.save(snapshot("c", epoch=2))
        for lost in (snapshot("c", epoch=1), snapshot("c", engine="two", epoch=2)):
            with pytest.raises(ConflictError):
                await store.save(lost)
        await store.save(snapshot("c", epoch=2, body=b"{}"))
        assert await store.live_calls() == (snapshot("c", epoch=2, body=b"{}"),)

    async def test_of_many_adopters_one_wins(self, bench: Bench) -> None:
        engines = {f"engine {n}": bench.engine() for n in range(8)}
        store = engines["engine 0"]
        await store.seed_account("a", "EUR", 1_000_000, 1)
        await store.save(snapshot("c", engine="dead"))
        await store.reserve(wish("c", 4, 10))
        answers = await asyncio.gather(
            *(engine.adopt("c", "a", name, 1) for name, engine in engines.items())
        )
        (won,) = filter(None, answers)
        assert won == snapshot("c", engine=won.engine, epoch=2)
        assert await store.live_calls() == (won,)
        assert await engines[won.engine].adopt("c", "a", won.engine, 1) == won

    async def test_an_epoch_that_is_not_the_calls_adopts_nothing(self, store: Store) -> None:
        await store.save(snapshot("c", epoch=3))
        for epoch in (1, 2, 4):
            assert await store.adopt("c", "a", "two", epoch) is None
        assert await store.adopt("unknown", None, "two", 1) is None
        assert await store.live_calls() == (snapshot("c", epoch=3),)

    async def test_adoption_shuts_the_old_engine_out(self, store: Store) -> None:
        await store.seed_account("a", "EUR", 1_000_000, 1)
        await store.save(snapshot("c"))
        await store.reserve(wish("c", 4, 10))
        await store.adopt("c", "a", "two", 1)
        with pytest.raises(ConflictError):
            await store.reserve(wish("c", 5, 20, 10))
        with pytest.raises(ConflictError):
            await store.save(snapshot("c"))
        assert (await store.reserve(wish("c", 4, 20, 10, epoch=2))).granted_n == 20

    async def test_a_finished_call_cannot_be_adopted_nor_saved(self, store: Store) -> None:
        await store.save(snapshot("c"))
        await store.forget("c", 1)
        await store.forget("c", 1)
        assert await store.live_calls() == ()
        assert await store.adopt("c", "a", "two", 1) is None
        with pytest.raises(ConflictError):
            await store.save(snapshot("c"))

    async def test_a_call_taken_over_is_not_forgotten_by_who_had_it(self, store: Store) -> None:
        await store.save(snapshot("c"))
        taken = await store.adopt("c", "a", "two", 1)
        with pytest.raises(ConflictError):
            await store.forget("c", 1)
        assert await store.live_calls() == (taken,)
        await store.forget("c", 2)
        assert await store.live_calls() == ()

    async def test_live_calls_of_all_engines_are_there_whole(self, bench: Bench) -> None:
        saved = tuple(
            snapshot(f"c{n:02}", engine=f"e:{n % 3}", epoch=n, body=b'{"n": "\xc3\xa4:\\n"}')
            for n in range(40)
        )
        nameless = snapshot("d", account_id=None)
        store = bench.engine()
        await asyncio.gather(*map(store.save, (*saved, nameless)))
        assert await bench.engine().live_calls() == (*saved, nameless)


class TestEngines:
    async def test_an_engine_lives_as_long_as_its_lease(self, bench: Bench) -> None:
        store = bench.engine()
        await store.renew_lease("one", 60_000)
        await store.renew_lease("two", 20)
        await bench.pass_ms(30)
        assert await store.living_engines() == ("one",)
        await store.renew_lease("two", 60_000)
        assert await store.living_engines() == ("one", "two")


class TestAgents:
    async def test_an_unknown_agent_is_free_since_the_beginning(self, store: Store) -> None:
        assert await store.agent_states(("x",)) == (AgentState("x", True, None, 0, None),)
        assert await store.agent_states(()) == ()

    async def test_free_agents_are_claimed_in_the_order_given(self, store: Store) -> None:
        await store.set_pause("p", PauseReason.BREAK)
        assert await store.claim_agents("c1", ("z", "p", "y", "x"), 2) == ("z", "y")
        assert await store.claim_agents("c2", ("z", "p", "y", "x"), 2) == ("x",)
        busy, paused = await store.agent_states(("z", "p"))
        assert busy.claimed_ms > 0
        assert busy == AgentState("z", False, None, 0, "c1", claimed_ms=busy.claimed_ms)
        assert paused.paused_ms > 0
        assert paused == AgentState(
            "p", False, PauseReason.BREAK, 0, None, paused_ms=paused.paused_ms
        )

    async def test_claiming_again_gives_the_same_agents(self, store: Store) -> None:
        assert await store.claim_agents("c", ("x", "y", "z"), 2) == ("x", "y")
        assert await store.claim_agents("c", ("x", "y", "z"), 2) == ("x", "y")

    async def test_each_agent_is_claimed_by_one_call_only(self, bench: Bench) -> None:
        engines = [bench.engine() for _ in range(4)]
        names = tuple(f"agent{n}" for n in range(6))
        claims = await asyncio.gather(
            *(engines[n % 4].claim_agents(f"c{n}", names, 2) for n in range(12))
        )
        assert sorted(name for claim in claims for name in claim) == sorted(names)

    async def test_an_agent_is_free_again_after_his_wrap_up(self, bench: Bench) -> None:
        store = bench.engine()
        await store.claim_agents("c", ("x", "y"), 2)
        await store.free_agent("x", "c", 20)
        await store.free_agent("y", "c", 60_000)
        await bench.pass_ms(30)
        x, y = await store.agent_states(("x", "y"))
        assert (x.free, y.free) == (True, False)
        assert 50_000 < y.idle_since_ms - x.idle_since_ms < 70_000
        assert await store.claim_agents("d", ("x", "y"), 2) == ("x",)

    async def test_only_the_call_that_has_an_agent_gives_him_back(self, store: Store) -> None:
        await store.claim_agents("c", ("x",), 1)
        await store.free_agent("x", "other", 0)
        (state,) = await store.agent_states(("x",))
        assert state.call_id == "c"

    async def test_a_pause_outlasts_a_call(self, store: Store) -> None:
        await store.claim_agents("c", ("x",), 1)
        await store.set_pause("x", PauseReason.OTHER_WORK)
        await store.free_agent("x", "c", 0)
        assert await store.claim_agents("d", ("x",), 1) == ()
        await store.set_pause("x", None)
        assert await store.claim_agents("d", ("x",), 1) == ("x",)

    async def test_a_pause_lasts_since_it_began_for_its_reason(self, bench: Bench) -> None:
        store = bench.engine()
        await store.set_pause("x", PauseReason.BREAK)
        (began,) = await store.agent_states(("x",))
        await bench.pass_ms(20)
        await store.set_pause("x", PauseReason.BREAK)
        assert await store.agent_states(("x",)) == (began,)
        await store.set_pause("x", PauseReason.OTHER_WORK)
        (other,) = await store.agent_states(("x",))
        assert other.paused_ms - began.paused_ms >= 20
        await store.set_pause("x", None)
        assert await store.agent_states(("x",)) == (AgentState("x", True, None, 0, None),)

    async def test_a_wrap_up_can_be_ended_but_nothing_else_with_it(self, store: Store) -> None:
        await store.claim_agents("c", ("x", "y"), 2)
        await store.end_wrap_up("x")
        assert (await store.agent_states(("x",)))[0].call_id == "c"
        for name in ("x", "y"):
            await store.free_agent(name, "c", 60_000)
        await store.end_wrap_up("x")
        x, y = await store.agent_states(("x", "y"))
        assert (x.free, y.free) == (True, False)
        await store.end_wrap_up("x")
        assert await store.agent_states(("x",)) == (x,)

    async def test_each_group_counts_its_turns(self, store: Store) -> None:
        turns = [await store.next_turn("sales") for _ in range(3)]
        assert turns == [1, 2, 3]
        assert await store.next_turn("support") == 1


class TestNews:
    async def test_watching_tells_the_account_as_it_is(self, store: Store) -> None:
        await store.seed_account("a", "EUR", 100, 1)
        await store.watch("a")
        async with Listener(store) as listener:
            news = await listener.until(lambda news: True)
        assert news == BalanceNews(AccountView("a", "EUR", 100, 1), 0)

    async def test_each_change_by_anyone_is_told(self, bench: Bench) -> None:
        store, other = bench.engine(), bench.engine()
        await other.seed_account("a", "EUR", 1_000_000, 1)
        await store.watch("a")
        async with Listener(store) as listener:
            await listener.until(lambda news: news.view.seq == 1)
            await other.reserve(wish("c", 1, 10))
            await listener.until(lambda news: news.view.held_micros == 100_000)
            running = METER.granted(10).started(5)
            await other.reserve(wish("c", 2, 10, 10, meter=running))
            await listener.until(lambda news: news.view.holds == (Hold("c", 100_000, running),))
            await other.hold_amount("a", "d", 1)
            await listener.until(lambda news: news.view.held_micros == 100_001)
            await other.drop_hold("a", "d")
            await other.apply(posting(2, -50_000, "c"))
            await listener.until(lambda news: news.view == AccountView("a", "EUR", 950_000, 2))

    async def test_money_that_came_in_is_told_once(self, bench: Bench) -> None:
        store, other = bench.engine(), bench.engine()
        await other.seed_account("a", "EUR", 100, 1)
        await store.watch("a")
        async with Listener(store) as listener:
            await listener.until(lambda news: news.view.seq == 1)
            for seq, micros in enumerate((500, -20, 7), start=2):
                await other.apply(posting(seq, micros))
                await other.apply(posting(seq, micros))
            await listener.until(lambda news: news.view.seq == 4)
        assert sum(news.credited_micros for news in listener.heard) == 507

    async def test_a_quiet_posting_is_told_with_the_next(self, bench: Bench) -> None:
        store, other = bench.engine(), bench.engine()
        await other.seed_account("a", "EUR", 100, 1)
        await store.watch("a")
        async with Listener(store) as listener:
            await listener.until(lambda news: news.view.seq == 1)
            assert await other.apply(posting(2, 500), quiet=True) == 2
            await other.apply(posting(3, 7))
            news = await listener.until(lambda news: news.view.seq == 3)
        assert news.credited_micros == 507
        assert len(listener.heard) == 2

    async def test_an_account_seen_first_while_watched_is_told(self, bench: Bench) -> None:
        store = bench.engine()
        await store.watch("a")
        async with Listener(store) as listener:
            await bench.engine().seed_account("a", "EUR", 100, 1)
            await listener.until(lambda news: news.view.balance_micros == 100)

    async def test_only_watched_accounts_are_told(self, store: Store) -> None:
        for account_id in ("a", "b"):
            await store.seed_account(account_id, "EUR", 100, 1)
            await store.watch(account_id)
        await store.watch("b")
        await store.unwatch("b")
        async with Listener(store) as listener:
            await listener.until(lambda news: news.view.account_id == "a")
            await listener.until(lambda news: news.view.account_id == "b")
            await store.unwatch("a")
            await store.apply(posting(2, 5))
            await store.apply(replace(posting(2, 5), account_id="b"))
            await listener.until(lambda news: news.view == AccountView("b", "EUR", 105, 2))
        assert AccountView("a", "EUR", 105, 2) not in [news.view for news in listener.heard]
