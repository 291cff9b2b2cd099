// check.h: the whole test harness. A test is TEST(name) { ... }; a failed check prints where and ends that test.

#ifndef CHECK_H
#define CHECK_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct check_test {
    const char *name;
    void (*run)(void);
    struct check_test *next;
} check_test;

void check_register(check_test *test);
_Noreturn void check_fail(const char *file, int line, const char *what, long long left, long long right);

#define TEST(name)                                                                        \
    static void test_##name(void);                                                        \
    __attribute__((constructor)) static void register_##name(void) {                      \
        static check_test test = {#name, test_##name, NULL};                              \
        check_register(&test);                                                            \
    }                                                                                     \
    static void test_##name(void)

#define CHECK(condition)                                                                  \
    do {                                                                                  \
        if (!(condition)) check_fail(__FILE__, __LINE__, #condition, 0, 0);               \
    } while (0)

#define CHECK_EQ(a, b)                                                                    \
    do {                                                                                  \
        long long left_ = (long long)(a), right_ = (long long)(b);                        \
        if (left_ != right_) check_fail(__FILE__, __LINE__, #a " == " #b, left_, right_); \
    } while (0)

#define CHECK_BYTES(a, b, length) CHECK(memcmp((a), (b), (length)) == 0)

// Reads "80 0f 12" or "800f12" into out; returns the number of bytes.
size_t check_hex(const char *text, uint8_t *out, size_t capacity);

#endif
