/*
 * What happens with the app's screens as a whole: they are private, they are covered at a touch, and leaving them saves.
 */
package visitbook.android

import android.app.Activity
import android.app.Application
import android.content.Context
import android.graphics.Color
import android.os.Bundle
import android.view.View
import android.view.ViewGroup
import android.view.Window
import android.view.inputmethod.InputMethodManager
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.launch
import visitbook.Working

/**
 * Watches every activity of an app from [watch] on. Each window is kept out of pictures of the screen; [hide] covers them all
 * at once, also one that is made meanwhile by turning the phone; and when the last of them goes out of sight, what is being
 * typed is saved, for the system may end the app from then on without a word.
 *
 * [book] is the app's book if it is open now. For the main thread. A dialog or a menu is a window of its own: give it
 * [keepPrivate], and dismiss it before [hide].
 */
public class Screens(
    private val book: () -> Working?,
) {
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)
    private val covers = HashMap<Activity, View>()
    private val started = HashSet<Activity>()

    /** Whether the screens are covered. */
    public var isHidden: Boolean = false
        private set

    /** Begins to watch. Call it in `Application.onCreate`, before there is any activity. */
    public fun watch(application: Application): Unit = application.registerActivityLifecycleCallbacks(Watching())

    /** Somebody comes into the room: covers every screen with an empty page before the next picture is drawn. Reads nothing. */
    public fun hide() {
        isHidden = true
        started.forEach(::cover)
    }

    /** Takes the covers away. Whether a PIN is asked for first is the app's to say: lock the book if it should be. */
    public fun show() {
        isHidden = false
        covers.keys.toList().forEach(::uncover)
    }

    internal fun cover(activity: Activity) {
        if (activity in covers) return
        val cover = View(activity)
        cover.setBackgroundColor(Color.WHITE)
        // It takes the touches that were meant for what is below.
        cover.isClickable = true
        val all = ViewGroup.LayoutParams(ViewGroup.LayoutParams.MATCH_PARENT, ViewGroup.LayoutParams.MATCH_PARENT)
        (activity.window.decorView as ViewGroup).addView(cover, all)
        content(activity.window).below(cover = true)
        val keyboard = activity.getSystemService(Context.INPUT_METHOD_SERVICE) as InputMethodManager
        keyboard.hideSoftInputFromWindow(activity.window.decorView.windowToken, 0)
        covers[activity] = cover
    }

    private fun uncover(activity: Activity) {
        val cover = covers.remove(activity) ?: return
        (activity.window.decorView as ViewGroup).removeView(cover)
        content(activity.window).below(cover = false)
    }

    private fun content(window: Window): View = checkNotNull(window.decorView.findViewById<View>(android.R.id.content))

    // Neither drawn, nor read out, nor reached by a keyboard.
    private fun View.below(cover: Boolean) {
        visibility = if (cover) View.INVISIBLE else View.VISIBLE
        importantForAccessibility =
            if (cover) View.IMPORTANT_FOR_ACCESSIBILITY_NO_HIDE_DESCENDANTS else View.IMPORTANT_FOR_ACCESSIBILITY_AUTO
    }

    internal fun left() {
        val open = book() ?: return
        // A failure is not lost on anybody: every draft is on the disk already, and `recovered` lists it after the next unlock.
        scope.launch { runCatching { open.draftCommitAll() } }
    }

    private inner class Watching : Application.ActivityLifecycleCallbacks {
        override fun onActivityCreated(
            activity: Activity,
            state: Bundle?,
        ): Unit = keepPrivate(activity.window)

        override fun onActivityStarted(activity: Activity) {
            started += activity
            if (isHidden) cover(activity)
        }

        override fun onActivityStopped(activity: Activity) {
            started -= activity
            // One that is made anew, because the phone was turned, comes back at once.
            if (started.isEmpty() && !activity.isChangingConfigurations) left()
        }

        override fun onActivityDestroyed(activity: Activity) {
            covers -= activity
        }

        override fun onActivityResumed(activity: Activity): Unit = Unit

        override fun onActivityPaused(activity: Activity): Unit = Unit

        override fun onActivitySaveInstanceState(
            activity: Activity,
            state: Bundle,
        ): Unit = Unit
    }
}
