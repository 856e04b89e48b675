import MPI
import Testing

struct PartnersTests {
  /// Who waits for a message is sent one: partners have each other. All ranks hang together.
  @Test(arguments: [1, 2, 3, 64, 65, 100, 128, 1000]) func partnersAreMutual(size: Int) {
    let partners = (0..<size).map { Communicator.partners(of: $0, size: size) }
    var reached: Set = [0]
    var next = [0]
    while let rank = next.popLast() {
      for partner in partners[rank] {
        #expect(partner != rank && partners[partner].contains(rank), "\(rank) and \(partner) of \(size)")
        if reached.insert(partner).inserted { next.append(partner) }
      }
    }
    #expect(reached.count == size)
    let most = size <= 64 ? size - 1 : 3 * 10
    #expect(partners.allSatisfy { $0.count <= most && $0 == $0.sorted() })
  }
}
