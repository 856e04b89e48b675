import Testing

@testable import Scaling

@Suite struct StatisticsTests {}
