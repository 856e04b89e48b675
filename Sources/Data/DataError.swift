import Files

/// What is wrong with a file of data, or with what is asked of the data.
package typealias DataError = FileError
