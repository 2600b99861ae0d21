import Imaging

/// How many pixels of each class were taken for which.
package struct ConfusionMatrix: Sendable, Equatable {
    /// How well one class was found.
    package struct ClassCount: Sendable, Equatable {
        /// The class's index.
        package let index: Int
        /// Pixels that are of the class.
        package let truth: Int
        /// Pixels that were taken for it.
        package let predicted: Int
        /// Pixels that are of the class and were taken for it.
        package let hits: Int

        /// Intersection over union, 0…1.
        package var intersectionOverUnion: Double { Double(hits) / Double(truth + predicted - hits) }
    }

    private static let size = 256
    /// Pixels by truth (rows) and prediction (columns); the row of ``LabelMap/ignore`` stays empty.
    private var counts = [Int](repeating: 0, count: Self.size * Self.size)

    package init() {}

    /// Counts the pixels of a mask against the truth, but for those that the truth ignores.
    ///
    /// A mask of another size is brought to the truth's.
    package mutating func add(_ mask: LabelMap, truth: LabelMap) {
        let mask = mask.nearest(width: truth.width, height: truth.height)
        counts.withUnsafeMutableBufferPointer { counts in
            for (label, predicted) in zip(truth.classes, mask.classes) where label != LabelMap.ignore {
                counts[Self.size * Int(label) + Int(predicted)] += 1
            }
        }
    }

    package static func += (total: inout ConfusionMatrix, matrix: ConfusionMatrix) {
        for index in matrix.counts.indices { total.counts[index] += matrix.counts[index] }
    }

    /// The classes that occur on either side, in order.
    package var classes: [ClassCount] {
        var truth = [Int](repeating: 0, count: Self.size)
        var predicted = truth
        for row in 0..<Self.size {
            for column in 0..<Self.size {
                let count = counts[Self.size * row + column]
                truth[row] += count
                predicted[column] += count
            }
        }
        return (0..<Self.size).filter { truth[$0] + predicted[$0] > 0 }.map {
            ClassCount(index: $0, truth: truth[$0], predicted: predicted[$0], hits: counts[Self.size * $0 + $0])
        }
    }

    /// Mean intersection over union, 0…1, of the classes that the truth has; nil where nothing was counted.
    package var meanIntersectionOverUnion: Double? {
        mean(of: classes.filter { $0.truth > 0 })
    }

    /// Mean intersection over union, 0…1, of the classes that either side has; nil where nothing was counted.
    ///
    /// For two predictions, neither of which is the truth.
    package var meanAgreement: Double? {
        mean(of: classes)
    }

    private func mean(of classes: [ClassCount]) -> Double? {
        classes.isEmpty ? nil : classes.map(\.intersectionOverUnion).reduce(0, +) / Double(classes.count)
    }

    /// Fraction of pixels with the right class; nil where nothing was counted.
    package var accuracy: Double? {
        let classes = classes
        let total = classes.map(\.truth).reduce(0, +)
        return total == 0 ? nil : Double(classes.map(\.hits).reduce(0, +)) / Double(total)
    }
}
