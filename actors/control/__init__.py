"""The control plane: run queue, timers, delivery, and what cells are made of."""
