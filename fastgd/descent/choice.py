"""Which engine runs a fit."""

from .data import Rows
from .eager import EagerEngine
from .plan import NotPlannable, plan_stream

PLANS = {"stream": plan_stream}  # the fastest first; each raises NotPlannable with its reason
ENGINES = ("auto", *PLANS, "eager")


def choose_engine(wanted, model, optimizer, criterion, data, rates):
    """The fastest engine that may run this fit (or the wanted one), and why it is not a faster one.

    Raises:
        ValueError: the engine that was asked for cannot run this fit.
    """
    reasons = []
    for name, plan in PLANS.items():
        if wanted not in ("auto", name):
            continue
        try:
            if not isinstance(data, Rows):
                raise NotPlannable("the data are batches")
            return plan(model, optimizer, criterion, data, rates), "; ".join(reasons)
        except NotPlannable as reason:
            if wanted == name:
                raise ValueError(f'engine="{name}" cannot run this fit: {reason}. Use engine="auto"') from None
            reasons.append(str(reason))
    return EagerEngine(model, optimizer, criterion, data, rates), "; ".join(reasons) or "asked for"
