import Foundation

/// A gray PNG image of 3 x 2 pixels, which differ.
package let smallPNG = [UInt8](
  Data(
    base64Encoded:
      "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAAAAAC4HznGAAAAEElEQVR4nGNk0DBiaDrxHwAGDwKlD+SwjQAAAABJRU5ErkJggg==")!
)
