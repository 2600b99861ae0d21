extension LabelMap {
    /// Counts the pixels of each class; labels of `classes` and above, such as ``ignore``, are not counted.
    package func histogram(classes count: Int) -> [Int] {
        // Four tables, because neighbours are mostly equal and an increment waits for the one before it.
        var tables = [UInt32](repeating: 0, count: 4 * 256)
        classes.withUnsafeBufferPointer { labels in
            tables.withUnsafeMutableBufferPointer { tables in
                let whole = labels.count & ~3
                for index in stride(from: 0, to: whole, by: 4) {
                    tables[Int(labels[index])] &+= 1
                    tables[256 + Int(labels[index + 1])] &+= 1
                    tables[512 + Int(labels[index + 2])] &+= 1
                    tables[768 + Int(labels[index + 3])] &+= 1
                }
                for index in whole..<labels.count { tables[Int(labels[index])] &+= 1 }
            }
        }
        return (0..<count).map { label in
            label < 256 ? (0..<4).reduce(0) { $0 + Int(tables[256 * $1 + label]) } : 0
        }
    }
}
