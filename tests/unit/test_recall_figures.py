"""Figures over rankings."""

import pytest

from talktiers.domain.recall import mean_figures, ranking_figures

SESSIONS = {f"k{number}": f"S{number // 4}" for number in range(40)}


def test_figures_count_the_evidence_within_the_first_k() -> None:
    ranked = ["k3", "k9", "k9", "k1", *(f"k{number}" for number in range(20, 40))]
    figures = ranking_figures(ranked, evidence={"k9", "k39"}, session_of=SESSIONS)
    assert (figures["R@1"], figures["R@5"], figures["R@10"]) == (0, 0.5, 0.5)
    assert (figures["any@5"], figures["all@5"], figures["R@20"]) == (1, 0, 0.5)
    assert figures["MRR"] == 0.5
    assert figures["sess@5"] == 1


def test_sessions_count_distinct_ones_only() -> None:
    ranked = ["k0", "k1", "k2", "k3", "k4", "k8", "k12", "k16", "k20"]
    assert ranking_figures(ranked, evidence={"k17"}, session_of=SESSIONS)["sess@5"] == 1
    assert ranking_figures(ranked, evidence={"k21"}, session_of=SESSIONS)["sess@5"] == 0


def test_nothing_found_is_zero_everywhere() -> None:
    assert set(ranking_figures([], evidence={"k1"}, session_of=SESSIONS).values()) == {0.0}


def test_means_are_taken_over_the_questions_that_have_the_figure() -> None:
    table = mean_figures([("b", {"x": 1.0, "y": 0.2}), ("a", {"x": 0.0}), ("b", {"x": 1.0, "y": 0.4})])
    assert list(table) == ["ALL", "a", "b"]
    assert table["ALL"].means == pytest.approx({"x": 2 / 3, "y": 0.3})
    assert table["ALL"].counts == {"x": 3, "y": 2}
    assert table["a"].means == {"x": 0.0}
