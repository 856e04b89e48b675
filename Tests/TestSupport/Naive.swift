import Glibc
import Kernels
import Tensors

// Twins of the kernels in double precision, written from the definitions and nothing else.

/// y = x * weight + bias, see `Convolution`.
package func naiveConv2D(
  _ x: [Double], _ weight: [Double], _ bias: [Double], _ geometry: ConvolutionGeometry, count: Int
) -> [Double] {
  let (i, o, w) = (geometry.input, geometry.output, geometry.window)
  let (channels, filters) = (i.channels / geometry.groups, o.channels / geometry.groups)
  var y = [Double](repeating: 0, count: count * o.count)
  for n in 0..<count {
    for oh in 0..<o.height {
      for ow in 0..<o.width {
        for k in 0..<o.channels {
          var sum = bias.isEmpty ? 0 : bias[k]
          for kh in 0..<w.size.height {
            for kw in 0..<w.size.width {
              let h = oh * w.stride.height + kh * w.dilation.height - w.padding.before.height
              let v = ow * w.stride.width + kw * w.dilation.width - w.padding.before.width
              guard h >= 0, h < i.height, v >= 0, v < i.width else { continue }
              for c in 0..<channels {
                sum +=
                  x[((n * i.height + h) * i.width + v) * i.channels + k / filters * channels + c]
                  * weight[((kh * w.size.width + kw) * channels + c) * o.channels + k]
              }
            }
          }
          y[((n * o.height + oh) * o.width + ow) * o.channels + k] = sum
        }
      }
    }
  }
  return y
}

/// Pools each window's values inside the image with `combine`.
package func naivePool2D(
  _ x: [Double], input: Shape, window: Window, count: Int, _ combine: ([Double]) -> Double
) -> [Double] {
  let positions = window.positions(over: input)!
  var y: [Double] = []
  for n in 0..<count {
    for oh in 0..<positions.height {
      for ow in 0..<positions.width {
        for c in 0..<input.channels {
          var values: [Double] = []
          for kh in 0..<window.size.height {
            for kw in 0..<window.size.width {
              let h = oh * window.stride.height + kh * window.dilation.height - window.padding.before.height
              let w = ow * window.stride.width + kw * window.dilation.width - window.padding.before.width
              guard h >= 0, h < input.height, w >= 0, w < input.width else { continue }
              values.append(x[((n * input.height + h) * input.width + w) * input.channels + c])
            }
          }
          y.append(combine(values))
        }
      }
    }
  }
  return y
}

/// C = A B for row-major (m, k) and (k, n).
package func naiveProduct(_ a: [Double], _ b: [Double], m: Int, n: Int, k: Int) -> [Double] {
  var c = [Double](repeating: 0, count: m * n)
  for i in 0..<m {
    for j in 0..<n {
      for l in 0..<k { c[i * n + j] += a[i * k + l] * b[l * n + j] }
    }
  }
  return c
}

package func transposed(_ a: [Float], rows: Int, columns: Int) -> [Float] {
  (0..<columns).flatMap { column in (0..<rows).map { a[$0 * columns + column] } }
}

package func naiveReLU(_ x: [Double]) -> [Double] { x.map { max($0, 0) } }

package func naive(_ activation: Activation, _ x: [Double]) -> [Double] {
  switch activation {
  case .identity: x
  case .relu: naiveReLU(x)
  case .relu6: x.map { min(max($0, 0), 6) }
  }
}

/// Mean cross-entropy times `count` * scale; see `softmaxCrossEntropy`.
package func naiveCrossEntropy(_ logits: [Double], _ labels: [Int32], classes: Int) -> Double {
  labels.enumerated().reduce(0) { total, item in
    let row = logits[item.offset * classes..<(item.offset + 1) * classes]
    let sum = row.reduce(0) { $0 + exp($1) }
    return total + log(sum) - row[row.startIndex + Int(item.element)]
  }
}

/// Batch normalisation of rows of `channels`, see `BatchNormKernel`.
package func naiveBatchNorm(_ x: [Double], gain: [Double], shift: [Double], epsilon: Double) -> [Double] {
  let channels = gain.count
  let rows = x.count / channels
  var y = x
  for c in 0..<channels {
    let column = (0..<rows).map { x[$0 * channels + c] }
    let mean = column.reduce(0, +) / Double(rows)
    let variance = column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(rows)
    for row in 0..<rows {
      y[row * channels + c] = (column[row] - mean) / (variance + epsilon).squareRoot() * gain[c] + shift[c]
    }
  }
  return y
}
