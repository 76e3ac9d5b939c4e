// SPDX-License-Identifier: GPL-2.0
/* Code in the ring of a packet socket: the kernel's pages, without a mapping. */
#include "inject.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/mman.h>
#include <sys/socket.h>

int main(void)
{
	struct tpacket_req ring = {
		.tp_block_size = 4 * PAGE, .tp_block_nr = 1,
		.tp_frame_size = PAGE, .tp_frame_nr = 4,
	};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	char *at;

	if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_TX_RING, &ring,
				 sizeof(ring)))
		give_up("packet socket");
	at = map_pages(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED, fd);
	/* behind the header of the frame */
	plant(at + PAGE / 2, &say_injected);
	return strike("packet", at + PAGE / 2);
}
