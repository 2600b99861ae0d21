import Foundation

/// Values that a request gives by name, in its query or as members of a JSON object, read strictly.
protocol NamedValues {
    func int(_ name: String, in range: ClosedRange<Int>) throws(Problem) -> Int?
    func double(_ name: String, in range: ClosedRange<Double>) throws(Problem) -> Double?
    func bool(_ name: String) throws(Problem) -> Bool?
    func date(_ name: String) throws(Problem) -> Date?
    func choice<Value: RawRepresentable & CaseIterable>(_ name: String) throws(Problem) -> Value?
    where Value.RawValue == String
}
