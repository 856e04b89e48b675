import Testing

/// The lines that a script of PyTorch prints, each a list of numbers.
package func pyTorchLines(_ script: String) throws -> [[Double]] {
  let preamble = """
    import torch
    from torch import nn
    from torch.nn import functional as F

    def numbers(count, seed):
        "Numbers in [-1, 1), those of `exactNumbers`."
        return (torch.arange(count, dtype=torch.int64) * 7919 + seed * 104729) % 2003 / 1001.5 - 1

    def show(*tensors):
        for tensor in tensors: print(*tensor.detach().reshape(-1).tolist())

    """
  return try Python.run(preamble + script).split(separator: "\n").map { line in
    try line.split(separator: " ").map { try #require(Double($0)) }
  }
}

/// Numbers in [-1, 1) that PyTorch makes alike, see `pyTorchLines`.
package func exactNumbers(_ count: Int, seed: Int) -> [Float] {
  (0..<count).map { Float(($0 * 7919 + seed * 104729) % 2003) / 1001.5 - 1 }
}
