// Placeholder until the transport has tests of its own; whole calls prove it in MediaWorkerTests.
// SPDX-License-Identifier: Apache-2.0
