# Martlet's forwarding beside Janus's, on one machine in one sitting.
# SPDX-License-Identifier: Apache-2.0
