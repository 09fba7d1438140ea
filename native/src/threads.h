// A few threads that work on one program together, kept between calls.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace chainrule {

inline void pause() {
#if defined(__x86_64__) || defined(_M_X64)
    _mm_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

// Where all threads of a team meet: a hundred nanoseconds if each has a core of its own.
class Barrier {
public:
    explicit Barrier(int count) : count_(count) {}
    void wait() {
        const unsigned round = round_.load(std::memory_order_relaxed);
        if (arrived_.fetch_add(1, std::memory_order_acq_rel) == count_ - 1) {
            arrived_.store(0, std::memory_order_relaxed);
            round_.store(round + 1, std::memory_order_release);
            round_.notify_all();
            return;
        }
        // Who waits longer than a step takes has lost its core to somebody: it must not take one.
        for (int spin = 0; spin < 2000; ++spin) {
            if (round_.load(std::memory_order_acquire) != round) return;
            pause();
        }
        round_.wait(round, std::memory_order_acquire);
    }

private:
    const int count_;
    alignas(64) std::atomic<int> arrived_{0};
    alignas(64) std::atomic<unsigned> round_{0};
};

class Team {
public:
    explicit Team(int count);
    ~Team();
    int count() const { return count_; }
    // Runs work(0) here and work(1), … on the others; returns when all are done.
    void run(const std::function<void(int)>& work);
    Barrier barrier;

private:
    void loop(int index);
    const int count_;
    std::vector<std::thread> threads_;
    std::mutex mutex_;
    std::condition_variable begin_, end_;
    const std::function<void(int)>* work_ = nullptr;
    unsigned round_ = 0;
    int running_ = 0;
    bool stop_ = false;
};

}  // namespace chainrule
