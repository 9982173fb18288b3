// Names of the session's states for whoever has states of the same name: its module is called as its main type.
// SPDX-License-Identifier: Apache-2.0
package import ClientSession

/// Where publishing a source stands, as the session has it.
package typealias SessionPublishState = PublishState
/// Where receiving a track stands, as the session has it.
package typealias SessionSubscribeState = SubscribeState
