// check.c: runs all registered tests, prints failures and one closing line.

#include "check.h"

static check_test *tests;
static jmp_buf escape;

void check_register(check_test *test) {
    test->next = tests;
    tests = test;
}

void check_fail(const char *file, int line, const char *what, long long left, long long right) {
    fprintf(stderr, "%s:%d: %s (%lld, %lld)\n", file, line, what, left, right);
    longjmp(escape, 1);
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

size_t check_hex(const char *text, uint8_t *out, size_t capacity) {
    size_t count = 0;
    int high = -1;
    for (; *text; text++) {
        int digit = hex_digit(*text);
        if (digit < 0) continue;
        if (high < 0) {
            high = digit;
        } else {
            if (count == capacity) abort();
            out[count++] = (uint8_t)(high << 4 | digit);
            high = -1;
        }
    }
    return count;
}

int main(int argc, char **argv) {
    int passed = 0, failed = 0;
    for (check_test *test = tests; test; test = test->next) {
        if (argc > 1 && !strstr(test->name, argv[1])) continue;
        if (setjmp(escape) == 0) {
            test->run();
            passed++;
        } else {
            fprintf(stderr, "FAILED %s\n", test->name);
            failed++;
        }
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
