"""Which engine runs a fit."""

from .data import Batches, Sums
from .eager import EagerEngine
from .plan import NotPlannable, examine, plan_stream
from .spectral import plan_spectral

ENGINES = ("auto", "stream", "spectral", "eager")


def choose_engine(wanted, model, optimizer, criterion, data, rates, epochs, resumed=None):
    """The cheapest engine that may run this fit (or the wanted one), and why C does not descend where it does not.

    Args:
        epochs: of the whole fit, by which "auto" counts the work.
        resumed: the engine of the saved fit that this one goes on with, to which "auto" keeps where it may: more
            epochs may have changed which is cheaper.

    Raises:
        ValueError: the engine that was asked for cannot run this fit.
    """
    sums = isinstance(data, Sums)
    if sums and wanted not in ("auto", "spectral"):
        raise ValueError(f'engine must be "auto" or "spectral" where Statistics stand for the rows, but got "{wanted}"')
    if wanted == "eager":
        return EagerEngine(model, optimizer, criterion, data, rates), "asked for"
    named = "spectral" if sums else resumed if wanted == "auto" else wanted
    try:
        if isinstance(data, Batches):
            raise NotPlannable("the data are batches")
        found = examine(model, optimizer, criterion, data)
        if named != "stream":
            try:
                return plan_spectral(found, data, rates, epochs, named == "spectral"), ""
            except NotPlannable:
                if named == "spectral":
                    raise
        return plan_stream(found, data, rates), ""
    except NotPlannable as reason:
        if sums:
            raise ValueError(f"Statistics cannot stand for the rows in this fit: {reason}. Give X and y") from None
        if wanted != "auto":
            raise ValueError(f'engine="{wanted}" cannot run this fit: {reason}. Use engine="auto"') from None
        return EagerEngine(model, optimizer, criterion, data, rates), str(reason)
