/*
 * Sending while the app is away, and what keeps a device's files and screens to itself.
 */
package visitbook.android

import android.app.job.JobInfo
import android.app.job.JobParameters
import android.app.job.JobScheduler
import android.app.job.JobService
import android.content.ComponentName
import android.content.Context
import android.net.ConnectivityManager
import android.net.NetworkCapabilities
import android.view.Window
import android.view.WindowManager
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.launch
import visitbook.Device
import visitbook.SyncOptions
import java.io.File
import java.util.concurrent.ConcurrentHashMap

/** By which networks a job may send. */
public enum class Over(
    internal val networkType: Int,
) {
    /** Any: words must not wait for somebody's Wi-Fi. */
    ANY_NETWORK(JobInfo.NETWORK_TYPE_ANY),

    /** Only those that nobody pays for by the megabyte. A concern waits as long as everything else then. */
    UNMETERED(JobInfo.NETWORK_TYPE_UNMETERED),
}

/**
 * Sends what is sealed when there is a network, without a PIN: a background task never opens the vault.
 *
 * Declare it in the manifest with `android.permission.BIND_JOB_SERVICE`.
 */
public abstract class SendJob : JobService() {
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)
    private val running = ConcurrentHashMap<Int, Job>()

    /** The app's device as it is now, open or locked, or opened locked; nothing if there is none. The app closes it. */
    protected abstract suspend fun device(): Device?

    override fun onStartJob(parameters: JobParameters): Boolean {
        running[parameters.jobId] =
            scope.launch {
                // Whatever goes wrong, the words stay where they are and the job comes again.
                val outcome = runCatching { device()?.sync(SyncOptions(asked = false)) }
                // A job that was stopped is over already; the system would take this for the next one's end.
                ensureActive()
                jobFinished(parameters, outcome.isFailure || outcome.getOrNull()?.moreWaiting == true)
            }
        return true
    }

    /** The network went, or the time is up: the sync ends within a quarter of a second and loses nothing. */
    override fun onStopJob(parameters: JobParameters): Boolean {
        running.remove(parameters.jobId)?.cancel()
        return true
    }

    override fun onDestroy() {
        scope.cancel()
        super.onDestroy()
    }

    public companion object {
        // The system's own pace, doubling to five hours. The core keeps one of its own besides, which `asked = false` obeys.
        private const val FIRST_WAIT_MS = 30_000L

        /**
         * Asks for [service] to be run when there is a network, also after a restart of the phone. Asking again is one job: what
         * waits already, or runs, is left as it is, with the pause that it is in. Returns whether it waits.
         */
        public fun schedule(
            context: Context,
            service: Class<out SendJob>,
            id: Int,
            over: Over = Over.ANY_NETWORK,
        ): Boolean {
            val job =
                JobInfo
                    .Builder(id, ComponentName(context, service))
                    .setRequiredNetworkType(over.networkType)
                    .setBackoffCriteria(FIRST_WAIT_MS, JobInfo.BACKOFF_POLICY_EXPONENTIAL)
                    .setPersisted(true)
                    .build()
            val scheduler = context.getSystemService(Context.JOB_SCHEDULER_SERVICE) as JobScheduler
            // To schedule what waits would stop it where it runs, and forget how often it has failed.
            return scheduler.getPendingJob(id)?.let { same(it, job) } == true || scheduler.schedule(job) == JobScheduler.RESULT_SUCCESS
        }

        @Suppress("DEPRECATION") // What replaces the type of network came with API 28.
        private fun same(
            one: JobInfo,
            other: JobInfo,
        ): Boolean = one.service == other.service && one.networkType == other.networkType
    }
}

/** Whether a sync is worth trying. A sign-in page counts as a network; the sync finds out. */
public fun isOnline(context: Context): Boolean {
    val networks = context.getSystemService(Context.CONNECTIVITY_SERVICE) as ConnectivityManager
    val capabilities = networks.getNetworkCapabilities(networks.activeNetwork ?: return false)
    return capabilities?.hasCapability(NetworkCapabilities.NET_CAPABILITY_INTERNET) == true
}

/** Where a device's folder belongs: in no backup, and nobody else's. The manifest of this library says the same of all files. */
public fun deviceFolder(context: Context): File = File(context.noBackupFilesDir, "visitbook")

/** Keeps a window out of screenshots, recordings and the list of recent apps. For every screen of the app. */
public fun keepPrivate(window: Window): Unit =
    window.setFlags(WindowManager.LayoutParams.FLAG_SECURE, WindowManager.LayoutParams.FLAG_SECURE)
