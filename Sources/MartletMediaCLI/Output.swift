// Lines that whoever reads them through a pipe sees as soon as they are written.
// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Prints a line at once, also into a file or a pipe, where output otherwise waits until there is enough of it.
func say(_ line: String) {
    print(line)
    fflush(nil)
}
