import Foundation
import Reporting

extension ScalingReport {
  /// `scaling.html`: one page with everything in it, for light and dark.
  ///
  /// - Parameter svg: the figure, as gnuplot writes it; nil without one.
  func page(svg: String?) -> String {
    // Without the declaration and document type, which belong to a file of its own.
    let figure = svg.flatMap { svg in svg.range(of: "<svg").map { svg[$0.lowerBound...] } }.map { svg in
      "<figure role=\"img\" aria-label=\"Images a second and efficiency over ranks\">\n"
        + svg.replacing("<title>Gnuplot</title>", with: "<title>Scaling</title>") + "\n</figure>"
    }
    let title = studies.count == 1 ? "\(studies[0].label): \(studies[0].title)" : "Scaling"
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <title>\(escaped(title))</title>
      <style>
      \(Self.style)
      </style>
      </head>
      <body>
      <main>
      <h1>\(escaped(title))</h1>
      \(figure ?? "")
      \(studies.map(\.section).joined(separator: "\n"))
      \(Self.explanation)
      <footer>cnn-mpi \(escaped(version)) scaling report</footer>
      </main>
      </body>
      </html>

      """
  }

  private static let style = """
    :root { --text: #1a1a1a; --faint: #5a5a5a; --ground: #ffffff; --line: #d8d8d8; }
    @media (prefers-color-scheme: dark) {
      :root { --text: #e8e8e8; --faint: #a8a8a8; --ground: #16181b; --line: #3a3d42; }
    }
    body { margin: 0; background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
    main { max-width: 68rem; margin: 0 auto; padding: 1rem 1.5rem 3rem; }
    figure { margin: 1rem 0; padding: .5rem; background: #ffffff; border: 1px solid var(--line); border-radius: 6px; }
    figure svg { display: block; width: 100%; height: auto; }
    .wide { overflow-x: auto; }
    table { border-collapse: collapse; margin: .5rem 0 1rem; font-variant-numeric: tabular-nums; }
    th, td { padding: .2rem .8rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
    th { color: var(--faint); font-weight: 600; }
    th:first-child, td:first-child, .facts td { text-align: left; }
    .facts td { white-space: normal; }
    .note, footer { color: var(--faint); font-size: .9rem; }
    pre { overflow-x: auto; padding: .6rem .8rem; border: 1px solid var(--line); border-radius: 6px; }
    """

  private static let explanation = """
    <section>
    <h2>The model</h2>
    <pre>T(P) = a b(P) + s + v c(P)
    c(P) = buckets 2 ceil(log2 P) latency + 2 (P - 1) / P bytes / bandwidth</pre>
    <p>T is the time of a step on P ranks. a b(P) computes the images of the busiest rank; s, the serial share,
    does not shrink with them (Amdahl 1967) and cannot be told from a b under weak scaling. c is the allreduce
    of the gradients (Thakur, Rabenseifner and Gropp 2005), fitted to <code>cnn-mpi bench allreduce</code>, and v
    the part of it that the backward pass does not hide, fitted to the time that the runs waited. All fits are
    least squares of relative errors with numbers of at least 0. Oversubscribed rank counts take no part.</p>
    <p>The 95 % band is a factor exp(&#177;1.96 &#963;), where &#963;&#178; = scatter&#178; + (misfit (1 + d))&#178; + (e q)&#178;:
    the scatter of fits to resampled repeats, how far off the model is on rank counts that it has not seen, once more for
    each of the d doublings beyond the largest of the fit, and how far off c is on the sizes measured, e, times the share
    q that waiting has of the step.</p>
    </section>
    """
}

extension ScalingReport.Study {
  fileprivate var section: String {
    let notes = tableNotes.map(escaped).joined(separator: "<br>\n")
    var parts = [
      "<section>\n<h2>\(escaped(label))</h2>\n<p>\(escaped(title))<br>\n\(escaped(machine))</p>",
      htmlTable(tableHeader, tableRows), "<p class=\"note\">\(notes)</p>",
    ]
    if fit != nil {
      let facts = modelFacts.map { "<tr><td>\(escaped($0.name))</td><td>\(escaped($0.value))</td></tr>" }
      parts.append("<h3>What the model came to</h3>")
      parts.append(
        "<div class=\"wide\"><table class=\"facts\">\n\(facts.joined(separator: "\n"))\n</table></div>")
      if !checkRows.isEmpty {
        parts.append(
          "<h3>Rank counts predicted without them, images/s</h3>\n\(htmlTable(checkHeader, checkRows))")
      }
      if !projection.isEmpty {
        parts.append("<h3>Projection</h3>\n\(htmlTable(projectionHeader, projectionRows))")
      }
    }
    parts += (missing + leftOut.map { "left out: \($0)" }).map { "<p class=\"note\">\(escaped($0))</p>" }
    return parts.joined(separator: "\n") + "\n</section>"
  }

  private func htmlTable(_ header: [String], _ rows: [[String]]) -> String {
    func row(_ cells: [String], _ tag: String) -> String {
      "<tr>" + cells.map { "<\(tag)>\(escaped($0))</\(tag)>" }.joined() + "</tr>"
    }
    return "<div class=\"wide\"><table>\n"
      + ([row(header, "th")] + rows.map { row($0, "td") }).joined(separator: "\n") + "\n</table></div>"
  }
}

/// A text as HTML shows it.
private func escaped(_ text: String) -> String {
  text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    .replacing("\"", with: "&quot;")
}
