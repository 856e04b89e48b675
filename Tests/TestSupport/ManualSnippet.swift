import Foundation

/// The lines of Python that the manual shows for loading a model in PyTorch: `load`, `logits` and `Network`.
package func pyTorchSnippet() throws -> String {
  let path = "\(packageRoot)/Sources/CNNMPI/CNNMPI.docc/PyTorch.md"
  let article = try String(contentsOfFile: path, encoding: .utf8)
  guard let start = article.range(of: "```python\nimport json\n"),
    let end = article[start.upperBound...].range(of: "```")
  else { throw PythonError(description: "\(path): no lines of Python") }
  return "import json\n" + article[start.upperBound..<end.lowerBound]
}
