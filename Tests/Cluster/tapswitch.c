/* tapswitch -r MBIT -d DELAY_US NAMESPACE...

   An Ethernet switch in user space, for kernels without netem. In each network namespace named it makes a TAP device
   eth0 (MAC 02:00:0a:4d:00:<i>, i from 1 in the order given) and forwards frames between them, full duplex, every
   port at MBIT Mbit/s (0: no limit), with DELAY_US microseconds on the way. Prints "ready" when the devices exist and
   ends on SIGTERM.

   A frame of B bytes on the wire, from port s to port d, at time t:

       starts to leave s at   out  = max(t, s.out_free)             s.out_free = out + B * 8 / rate
       starts to reach d at   in   = max(out + delay, d.in_free)    d.in_free  = in + B * 8 / rate
       is delivered at        in + B * 8 / rate

   These times are computed, not waited for: a late wake-up of this process delays frames but loses no bandwidth.
   Frames are whole TCP segments (virtio-net headers pass through), B counts the headers of each piece of an MTU. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum {
  maximum_ports = 64,
  header_length = sizeof(struct virtio_net_hdr),
  ethernet_header = 14,
  ethernet_overhead = 24, /* preamble, checksum, gap between frames */
  smallest_frame = 84,    /* on the wire */
  frames_per_turn = 32,   /* read from a port before the next has its turn */
};
static const uint64_t queue_capacity = 256u << 20; /* bytes that wait for a port before frames are dropped */
static const unsigned char mac[5] = {2, 0, 0x0a, 0x4d, 0};

typedef struct frame {
  struct frame *next;
  uint64_t due; /* ns */
  size_t length;
  unsigned char bytes[];
} frame;

typedef struct {
  int device;
  uint64_t out_free, in_free; /* ns: when the link's directions are free again */
  uint64_t queued;            /* bytes */
  frame *head, **tail;
} port;

static port ports[maximum_ports];
static int port_count;
static double ns_per_byte;
static uint64_t delay; /* ns */
static volatile sig_atomic_t stopped;

static void stop(int signal) {
  (void)signal;
  stopped = 1;
}

static void fail(const char *what) {
  fprintf(stderr, "tapswitch: error: %s: %s\n", what, strerror(errno));
  exit(1);
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void enter(const char *path) {
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0 || setns(descriptor, CLONE_NEWNET)) fail(path);
  close(descriptor);
}

/* The TAP device eth0 of this thread's network namespace, which passes on large segments without checksums. */
static int make_device(int number) {
  int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (device < 0) fail("/dev/net/tun");
  struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
  strcpy(request.ifr_name, "eth0");
  if (ioctl(device, TUNSETIFF, &request)) fail("TUNSETIFF");
  int length = header_length;
  if (ioctl(device, TUNSETVNETHDRSZ, &length)) fail("TUNSETVNETHDRSZ");
  if (ioctl(device, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6)) fail("TUNSETOFFLOAD");

  struct ifreq address = {0};
  strcpy(address.ifr_name, "eth0");
  address.ifr_hwaddr.sa_family = 1; /* ARPHRD_ETHER */
  memcpy(address.ifr_hwaddr.sa_data, mac, sizeof mac);
  address.ifr_hwaddr.sa_data[sizeof mac] = (char)number;
  if (ioctl(device, SIOCSIFHWADDR, &address)) fail("SIOCSIFHWADDR");
  return device;
}

static void make_ports(char **namespaces) {
  int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  for (int i = 0; i < port_count; i++) {
    char path[256];
    snprintf(path, sizeof path, "/run/netns/%s", namespaces[i]);
    enter(path);
    ports[i].device = make_device(i + 1);
    ports[i].tail = &ports[i].head;
  }
  if (setns(home, CLONE_NEWNET)) fail("setns");
  close(home);
}

/* Bytes that a frame read from a device takes on the wire, cut into pieces of an MTU. */
static uint64_t wire_bytes(const unsigned char *bytes, size_t length) {
  const struct virtio_net_hdr *header = (const void *)bytes;
  uint64_t payload = length - header_length;
  if (header->gso_type == VIRTIO_NET_HDR_GSO_NONE || !header->gso_size) {
    uint64_t wire = payload + ethernet_overhead;
    return wire < smallest_frame ? smallest_frame : wire;
  }
  payload -= header->hdr_len;
  uint64_t pieces = (payload + header->gso_size - 1) / header->gso_size;
  return payload + pieces * (header->hdr_len + ethernet_overhead);
}

/* A write that fails drops the frame, as a host does whose interface is down. */
static void deliver(port *to, const unsigned char *bytes, size_t length) {
  if (write(to->device, bytes, length) < 0) return;
}

static void enqueue(port *to, const unsigned char *bytes, size_t length, uint64_t due) {
  if (!to->head && due <= now()) {
    deliver(to, bytes, length);
    return;
  }
  if (to->queued + length > queue_capacity) return;
  frame *new = malloc(sizeof *new + length);
  if (!new) fail("malloc");
  new->next = NULL;
  new->due = due;
  new->length = length;
  memcpy(new->bytes, bytes, length);
  *to->tail = new;
  to->tail = &new->next;
  to->queued += length;
}

/* Sends a frame of a port to its destination, or to all others. */
static void forward(int source, const unsigned char *bytes, size_t length) {
  const unsigned char *destination = bytes + header_length;
  int number = destination[sizeof mac];
  int known = !memcmp(destination, mac, sizeof mac) && number >= 1 && number <= port_count;
  int broadcast = destination[0] & 1;
  uint64_t time = wire_bytes(bytes, length) * ns_per_byte, t = now();

  port *from = &ports[source];
  uint64_t out = t > from->out_free ? t : from->out_free;
  from->out_free = out + time;
  for (int i = 0; i < port_count; i++) {
    if (i == source || !(broadcast || (known && i == number - 1))) continue;
    port *to = &ports[i];
    uint64_t in = out + delay > to->in_free ? out + delay : to->in_free;
    to->in_free = in + time;
    enqueue(to, bytes, length, to->in_free);
  }
}

static void deliver_due(port *to, uint64_t t) {
  while (to->head && to->head->due <= t) {
    frame *first = to->head;
    to->head = first->next;
    if (!to->head) to->tail = &to->head;
    to->queued -= first->length;
    deliver(to, first->bytes, first->length);
    free(first);
  }
}

/* Delivers what is due, and waits for the next frame to come in or to become due. */
static void wait_for_frames(struct pollfd *polled) {
  uint64_t t = now(), next = UINT64_MAX;
  for (int i = 0; i < port_count; i++) {
    deliver_due(&ports[i], t);
    if (ports[i].head && ports[i].head->due < next) next = ports[i].head->due;
  }
  t = now();
  uint64_t rest = next > t ? next - t : 0;
  struct timespec timeout = {.tv_sec = (time_t)(rest / 1000000000u), .tv_nsec = (long)(rest % 1000000000u)};
  if (ppoll(polled, (nfds_t)port_count, next == UINT64_MAX ? NULL : &timeout, NULL) >= 0) return;
  if (errno != EINTR) fail("ppoll");
  for (int i = 0; i < port_count; i++) polled[i].revents = 0;
}

static void run(void) {
  static _Alignas(struct virtio_net_hdr) unsigned char bytes[80000];
  struct pollfd polled[maximum_ports];
  for (int i = 0; i < port_count; i++) polled[i] = (struct pollfd){.fd = ports[i].device, .events = POLLIN};
  while (!stopped) {
    wait_for_frames(polled);
    for (int i = 0; i < port_count; i++) {
      if (!(polled[i].revents & POLLIN)) continue;
      for (int turn = 0; turn < frames_per_turn; turn++) {
        ssize_t length = read(ports[i].device, bytes, sizeof bytes);
        if (length <= header_length + ethernet_header) break;
        forward(i, bytes, (size_t)length);
      }
    }
  }
}

int main(int argc, char **argv) {
  double mbit = 0, delay_us = 0;
  for (int option; (option = getopt(argc, argv, "r:d:")) != -1;) {
    if (option == 'r') mbit = atof(optarg);
    else if (option == 'd') delay_us = atof(optarg);
    else return 2;
  }
  port_count = argc - optind;
  if (port_count < 1 || port_count > maximum_ports) {
    fprintf(stderr, "tapswitch: error: expected 1 to %d namespaces, found %d\n", maximum_ports, port_count);
    return 2;
  }
  ns_per_byte = mbit > 0 ? 8000 / mbit : 0;
  delay = (uint64_t)(delay_us * 1000);
  make_ports(argv + optind);

  /* Before ranks that wait by polling. Where this is not allowed, the switch is only slower. */
  struct sched_param priority = {.sched_priority = 1};
  sched_setscheduler(0, SCHED_RR, &priority);
  prctl(PR_SET_TIMERSLACK, 1);
  signal(SIGTERM, stop);
  signal(SIGINT, stop);
  puts("ready");
  fflush(stdout);
  run();
  return 0;
}
