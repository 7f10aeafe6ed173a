"""Background work: the engine that runs jobs, and the clock that starts what nobody asked for."""
