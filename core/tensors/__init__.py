"""Recorded tensors: inputs, activations, parameters, gradients.

hooks       records a forward and backward pass
recorder    records requests after their answer
trial       reads records as SageMaker Debugger's trial
fullgrad    FullGrad from a record alone
npz         a record as a file
"""
