// Packets, what a decoder must know of a stream, and the stop.
// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "Files.h"

martlet_file_stop *martlet_file_stop_new(void) { return calloc(1, sizeof(martlet_file_stop)); }
void martlet_file_stop_free(martlet_file_stop *stop) { free(stop); }
void martlet_file_stop_now(martlet_file_stop *stop) { atomic_store(&stop->is_set, 1); }
int martlet_file_stop_is_set(martlet_file_stop *stop) { return atomic_load(&stop->is_set); }

martlet_file_packet_info martlet_file_packet_look(const martlet_file_packet *packet) {
    const AVPacket *from = packet->packet;
    return (martlet_file_packet_info){
        .is_picture = packet->is_picture,
        .is_keyframe = (from->flags & AV_PKT_FLAG_KEY) != 0,
        .presentation = from->pts,
        .decoding = from->dts,
        .duration = from->duration,
        .bytes = from->data,
        .count = from->size,
    };
}

void martlet_file_packet_free(martlet_file_packet *packet) {
    av_packet_free(&packet->packet);
    free(packet);
}

void martlet_file_parameters_free(martlet_file_parameters *parameters) {
    avcodec_parameters_free(&parameters->parameters);
    free(parameters);
}
