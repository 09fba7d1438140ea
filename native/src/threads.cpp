#include "threads.h"

namespace chainrule {

Team::Team(int count) : barrier(count), count_(count) {
    for (int index = 1; index < count; ++index) threads_.emplace_back([this, index] { loop(index); });
}

Team::~Team() {
    {
        std::lock_guard lock(mutex_);
        stop_ = true;
    }
    begin_.notify_all();
    for (auto& thread : threads_) thread.join();
}

void Team::run(const std::function<void(int)>& work) {
    if (count_ == 1) return work(0);
    {
        std::lock_guard lock(mutex_);
        work_ = &work;
        running_ = count_ - 1;
        ++round_;
    }
    begin_.notify_all();
    work(0);
    std::unique_lock lock(mutex_);
    end_.wait(lock, [this] { return running_ == 0; });
}

void Team::loop(int index) {
    unsigned seen = 0;
    for (;;) {
        const std::function<void(int)>* work;
        {
            std::unique_lock lock(mutex_);
            begin_.wait(lock, [&] { return stop_ || round_ != seen; });
            if (stop_) return;
            seen = round_;
            work = work_;
        }
        (*work)(index);
        std::lock_guard lock(mutex_);
        if (--running_ == 0) end_.notify_one();
    }
}

}  // namespace chainrule
