/* libmodbus as a server for many connections: epoll around modbus_receive and modbus_reply. Prints its port.
 * The few prototypes stand here, so that the library alone is enough and its headers are not needed. */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct modbus modbus_t;
typedef struct mapping modbus_mapping_t;
modbus_t *modbus_new_tcp(const char *host, int port);
int modbus_tcp_listen(modbus_t *context, int connections);
int modbus_tcp_accept(modbus_t *context, int *listener);
int modbus_set_socket(modbus_t *context, int s);
int modbus_receive(modbus_t *context, uint8_t *request);
int modbus_reply(modbus_t *context, const uint8_t *request, int length, modbus_mapping_t *mapping);
modbus_mapping_t *modbus_mapping_new(int bits, int input_bits, int registers, int input_registers);

int main(void) {
    modbus_t *context = modbus_new_tcp("127.0.0.1", 0);
    modbus_mapping_t *mapping = modbus_mapping_new(0, 0, 200, 0);
    int listener = modbus_tcp_listen(context, 64), poll = epoll_create1(0);
    struct sockaddr_in place;
    socklen_t size = sizeof place;
    struct epoll_event wanted = {.events = EPOLLIN, .data.fd = listener}, ready[64];
    uint8_t request[260];
    if (listener < 0 || getsockname(listener, (struct sockaddr *)&place, &size) < 0) return 1;
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &wanted);
    printf("%d\n", ntohs(place.sin_port));
    fflush(stdout);
    for (;;) {
        int count = epoll_wait(poll, ready, 64, -1);
        for (int i = 0; i < count; i++) {
            int s = ready[i].data.fd;
            if (s == listener) {
                wanted.data.fd = modbus_tcp_accept(context, &listener);
                epoll_ctl(poll, EPOLL_CTL_ADD, wanted.data.fd, &wanted);
                continue;
            }
            modbus_set_socket(context, s);
            int length = modbus_receive(context, request);
            if (length < 0) close(s);
            else modbus_reply(context, request, length, mapping);
        }
    }
}
