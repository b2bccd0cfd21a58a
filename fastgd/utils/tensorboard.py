"""Not here: says so at import."""

raise ImportError(
    "fastgd covers linear models and writes no TensorBoard logs; torch.utils.tensorboard needs torch. The losses of "
    "Trainer.fit are in the History that it returns."
)
