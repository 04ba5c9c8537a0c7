"""A change in words, in English and Chinese."""

from services.warning.core.calendar import DAY
from services.warning.core.rules.ruleset import LEVELS, Bands, Rule

_LEVEL_WORDS = {"en": LEVELS, "zh": ("蓝色", "黄色", "橙色", "红色")}
_UNIT_WORDS = {
    "en": {"days": " days", "lenders": " lenders", "months": " months"},
    "zh": {"days": "天", "lenders": "家", "months": "个月"},
}

Words = dict[str, str]
RETIRED: Words = {
    "en": "Rule {rule} was retired; its warning is cleared.",
    "zh": "规则 {rule} 已停用，预警随之解除。",
}
NOW_BY_LOAN: Words = {
    "en": "Rule {rule} now warns of each loan by itself; its warning of the borrower is cleared.",
    "zh": "规则 {rule} 现改为逐笔贷款预警，原借款人预警随之解除。",
}
NOW_BY_BORROWER: Words = {
    "en": "Rule {rule} now warns once of a borrower; its warning of loan {loan} is cleared.",
    "zh": "规则 {rule} 现改为按借款人预警，贷款 {loan} 的预警随之解除。",
}
FORGOTTEN: Words = {
    "en": "Loan {loan} is no longer kept, closed long ago or never disbursed; its warning of rule {rule} is cleared.",
    "zh": "贷款 {loan} 早已结清或从未发放，不再留存，规则 {rule} 对其的预警随之解除。",
}
"""Why a warning ended that nothing was measured for, by language."""


def amount(value: float, unit: str, language: str) -> str:
    """A measure for a person: a ratio in percent, all else with its unit."""
    if unit == "ratio":
        return f"{value * 100:.1f}%"
    number = f"{value:g}" if isinstance(value, int) or value == int(value) else f"{value:.2f}"
    word = _UNIT_WORDS[language].get(unit, "")
    return number + (word.removesuffix("s") if value == 1 and language == "en" else word)


def text_of(rule: Rule, value: float | None, loan_id: str | None, borrower_id: str, level: int) -> dict[str, str]:
    """The rule's text with its placeholders filled."""
    return {
        language: template.format(
            value="?" if value is None else amount(value, rule.unit, language),
            loan=loan_id or "-",
            borrower=borrower_id,
            level=_LEVEL_WORDS[language][level],
        )
        for language, template in rule.text.items()
    }


def written_off_text(loan_id: str | None) -> dict[str, str]:
    """What ends a warning where nothing was paid: its measure alone would sound like a recovery."""
    loan = loan_id or "-"
    return {"en": f"Loan {loan} was written off; its warning ends.", "zh": f"贷款 {loan} 已核销，预警随之解除。"}


def clears_when(rule: Rule, bands: Bands) -> dict[str, str]:
    """What would end the warning."""
    clear = rule.clear
    threshold = clear.threshold if clear and clear.threshold is not None else bands.steps[0][0]
    reached = clear is not None and clear.threshold is not None
    upwards = bands.direction == "below"
    name = rule.measure if isinstance(rule.measure, str) else rule.measure.source
    number = amount(threshold, rule.unit, "en")
    en = (
        f"{name} is {'at least' if upwards else 'at most'} {number}"
        if reached
        else f"{name} is {'above' if upwards else 'below'} {number}"
    )
    number = amount(threshold, rule.unit, "zh")
    zh = (
        f"{name} {'不低于' if upwards else '不高于'} {number}"
        if reached
        else f"{name} {'高于' if upwards else '低于'} {number}"
    )
    if clear and clear.after:
        days = clear.after / DAY
        en, zh = f"{en} for {days:g} days", f"{zh}，持续 {days:g} 天"
    return {"en": en, "zh": zh}
