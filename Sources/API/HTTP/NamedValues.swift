import Foundation

/// Values that a request gives by name, in its query or as members of a JSON object, read strictly.
protocol NamedValues {
    func double(_ name: String, in range: ClosedRange<Double>) throws(Problem) -> Double?
    func date(_ name: String) throws(Problem) -> Date?
}
